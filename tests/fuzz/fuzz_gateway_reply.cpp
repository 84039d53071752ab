#include "fuzz/targets.h"
#include "verify/gateway_replies.h"

namespace lakebed::fuzz {

void fuzz_gateway_reply(std::string_view input) {
    if (auto page = read_result_page(input)) {
        SqlRows rows;
        apply_changes(rows, page->changes);
        require(rows.size() <= page->changes.size(), "a change adds one row at most");
    }
    auto handle = read_handle(input, "sessionHandle");
    require(!handle || handle->find('/') == std::string::npos, "a handle leads nowhere else");
    require(!read_gateway_error(500, input).empty(), "an error has a reason");
    auto json = parse_json(input);
    if (!json) return;
    auto again = parse_json(to_text(*json));
    require(again && *again == *json, "a document is read back equal");
}

} // namespace lakebed::fuzz
