#include "verify/sql_gateway.h"

#include <algorithm>

#include <fmt/format.h>

#include "verify/gateway_replies.h"
#include "verify/rest.h"

namespace lakebed {
namespace {

constexpr std::chrono::milliseconds kFirstPause{20};
constexpr std::chrono::milliseconds kLongestPause{250};
constexpr std::size_t kMostRows = 100'000;

// For what is owed to the gateway however the step ended.
StepContext closing_context() {
    return {std::chrono::steady_clock::now() + std::chrono::seconds(5), "", {}, nullptr};
}

Result<std::string> ask_at(const HttpAddress& address, const RestRequest& request,
                           const StepContext& context) {
    auto reply = TRY(rest_request(address, request, context).context("the SQL Gateway"));
    if (reply.status != 200) return fail(read_gateway_error(reply.status, reply.body));
    return std::move(reply.body);
}

// A path of this gateway, asking for rows as JSON; nextResultUri lacks that in older ones.
std::string page_path(std::string uri) {
    if (uri.find("rowFormat=") == std::string::npos)
        uri += uri.find('?') == std::string::npos ? "?rowFormat=JSON" : "&rowFormat=JSON";
    return uri;
}

} // namespace

Result<SqlGateway> SqlGateway::open(const HttpAddress& address, const std::string& name,
                                    const StepContext& context) {
    std::string body = fmt::format(R"({{"sessionName":{},"properties":{{}}}})", json_quoted(name));
    auto reply = TRY(
        ask_at(address, {"POST", "/v2/sessions", body}, context).context("cannot open a session"));
    return SqlGateway(address, TRY(read_handle(reply, "sessionHandle").context("the SQL Gateway")));
}

SqlGateway::~SqlGateway() {
    if (session_.empty()) return;
    // A session that cannot be closed is dropped by the gateway when it has been idle for long.
    (void)ask("DELETE", "", "", closing_context());
}

Result<std::string> SqlGateway::ask(const std::string& method, const std::string& path,
                                    const std::string& body, const StepContext& context) const {
    return ask_at(address_, {method, fmt::format("/v2/sessions/{}{}", session_, path), body},
                  context);
}

Result<SqlAnswer> SqlGateway::run(const std::string& statement, const StepContext& context) {
    auto reply = TRY(ask("POST", "/statements",
                         fmt::format(R"({{"statement":{}}})", json_quoted(statement)), context));
    auto handle = TRY(read_handle(reply, "operationHandle").context("the SQL Gateway"));
    std::string operation = "/operations/" + handle;
    auto answer = fetch_result(operation, context);
    // Closing also cancels; but only cancelling first tells a waiting INSERT to take its job along.
    auto closing = closing_context();
    if (!answer) (void)ask("POST", operation + "/cancel", "", closing);
    (void)ask("DELETE", operation + "/close", "", closing); // the session's end closes it too
    return answer;
}

Result<SqlAnswer> SqlGateway::fetch_result(const std::string& operation,
                                           const StepContext& context) const {
    SqlAnswer answer;
    Duration wait = kFirstPause;
    std::string path = page_path(fmt::format("/v2/sessions/{}{}/result/0", session_, operation));
    for (;;) {
        auto body = TRY(ask_at(address_, {"GET", path, ""}, context));
        auto page = TRY(read_result_page(body).context("the SQL Gateway"));
        apply_changes(answer.rows, page.changes);
        if (!page.job.empty()) answer.job = page.job;
        if (answer.rows.size() > kMostRows)
            return fail(fmt::format("gives more than {} rows", kMostRows));
        if (page.kind == ResultPage::Kind::end || page.next.empty()) return answer;
        if (!page.next.starts_with("/v2/"))
            return fail(fmt::format("the SQL Gateway names a strange next page \"{}\"", page.next));
        path = page_path(page.next);
        if (!page.changes.empty()) {
            TRY(pause(context, Duration{}));
            wait = kFirstPause;
            continue;
        }
        TRY(pause(context, wait).context("the statement did not end"));
        wait = std::min<Duration>(wait * 2, kLongestPause);
    }
}

} // namespace lakebed
