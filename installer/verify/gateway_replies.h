// Replies of Flink's SQL Gateway (REST v2), read as values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "verify/json.h"
#include "verify/verify.h"

namespace lakebed {

struct ResultPage {
    enum class Kind { not_ready, payload, end } kind = Kind::not_ready;
    struct Change {
        bool removes = false; // UPDATE_BEFORE and DELETE take a row back
        SqlRow row;
        bool operator==(const Change&) const = default;
    };
    std::vector<Change> changes;
    std::string job;  // id; empty: the statement has none
    std::string next; // path of the next page; empty: there is none
    bool operator==(const ResultPage&) const = default;
};

[[nodiscard]] Result<ResultPage> read_result_page(std::string_view body);

// Handle of a session or an operation: `name` is "sessionHandle" or "operationHandle".
[[nodiscard]] Result<std::string> read_handle(std::string_view body, std::string_view name);

// The root cause out of an error reply.
[[nodiscard]] std::string read_gateway_error(int status, std::string_view body);

// The rows that are left after `changes`.
void apply_changes(SqlRows& rows, const std::vector<ResultPage::Change>& changes);

} // namespace lakebed
