// What an engine complains of, in one line: the innermost cause out of its stack traces.
#pragma once

#include <string>
#include <string_view>

namespace lakebed {

// "ValidationException: Object 'x' not found" out of a stack trace: the innermost «Caused by» that
// says something, on one line and shortened. Text without a trace gives its first line.
[[nodiscard]] std::string root_cause(std::string_view trace);

// The same out of what spark-sql writes on its standard error, log lines included.
[[nodiscard]] std::string spark_complaint(std::string_view errors);

// A statement on one line, at most some 80 characters.
[[nodiscard]] std::string short_statement(std::string_view statement);

} // namespace lakebed
