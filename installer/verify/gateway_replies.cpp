#include "verify/gateway_replies.h"

#include <algorithm>

#include <fmt/format.h>

#include "verify/engine_errors.h"

namespace lakebed {
namespace {

std::string field_text(const Json& field) {
    switch (field.kind) {
    case Json::Kind::null:
        return "NULL"; // as Spark prints it
    case Json::Kind::array:
    case Json::Kind::object:
        return to_text(field);
    default:
        return field.text;
    }
}

ResultPage::Change read_change(const Json& data) {
    const std::string& kind = member_text(data, "kind");
    ResultPage::Change change{kind == "UPDATE_BEFORE" || kind == "DELETE", {}};
    for (const Json& field : member(data, "fields").items) change.row.push_back(field_text(field));
    return change;
}

} // namespace

Result<ResultPage> read_result_page(std::string_view body) {
    auto json = TRY(parse_json(body));
    ResultPage page;
    const std::string& kind = member_text(json, "resultType");
    if (kind == "EOS")
        page.kind = ResultPage::Kind::end;
    else if (kind == "PAYLOAD")
        page.kind = ResultPage::Kind::payload;
    else if (kind != "NOT_READY")
        return fail(fmt::format("answered with a result of unknown kind \"{}\"", kind));
    for (const Json& data : member(member(json, "results"), "data").items)
        page.changes.push_back(read_change(data));
    page.job = member_text(json, "jobID");
    page.next = member_text(json, "nextResultUri");
    return page;
}

Result<std::string> read_handle(std::string_view body, std::string_view name) {
    auto json = TRY(parse_json(body));
    const std::string& handle = member_text(json, name);
    // It goes into the paths of further requests.
    bool good =
        !handle.empty() && handle.find_first_not_of("0123456789abcdefABCDEF-") == handle.npos;
    if (!good) return fail(fmt::format("answered without {}", name));
    return handle;
}

std::string read_gateway_error(int status, std::string_view body) {
    std::string text;
    if (auto json = parse_json(body))
        for (const Json& error : member(*json, "errors").items) text += error.text + "\n";
    if (text.empty()) text = body;
    if (text.empty()) return fmt::format("HTTP {}", status);
    return root_cause(text);
}

void apply_changes(SqlRows& rows, const std::vector<ResultPage::Change>& changes) {
    for (const auto& change : changes) {
        if (!change.removes) {
            rows.push_back(change.row);
            continue;
        }
        auto found = std::find(rows.begin(), rows.end(), change.row);
        if (found != rows.end()) rows.erase(found);
    }
}

} // namespace lakebed
