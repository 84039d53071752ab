// The kinds flink-cluster, sql and flink-failover.
#include <algorithm>

#include <fmt/format.h>

#include "base/suggest.h"
#include "verify/read_parts.h"

namespace lakebed {
namespace {

// Without `otherwise` the key must be there.
std::int64_t read_count(TableReader& reader, std::string_view key, std::int64_t most,
                        std::optional<std::int64_t> otherwise = {}) {
    auto number = reader.integer(key);
    if (!number) {
        if (reader.any(key)) return 1; // of another type, which was reported
        if (!otherwise) reader.error(key, reader.name(key) + " is missing");
        return otherwise.value_or(1);
    }
    if (*number >= 1 && *number <= most) return *number;
    reader.error(key, fmt::format("{} is {}, expected 1 to {}", reader.name(key), *number, most));
    return 1;
}

HttpAddress read_address(TableReader& reader, const std::string& prefix) {
    return {read_host(reader, prefix + "host"), read_port(reader, prefix + "port")};
}

std::optional<SqlRows> read_expect(TableReader& reader) {
    const Value* value = reader.any("expect");
    if (!value) return {};
    auto wrong = [&](const Value& at) {
        reader.diagnostics().error(at.pos,
                                   fmt::format("{} holds {}, expected rows of texts",
                                               reader.name("expect"), type_name(at)),
                                   "expect = [[\"1\", \"a\"], [\"2\", \"b\"]]");
        return SqlRows{};
    };
    const Array* rows = value->array();
    if (!rows) return wrong(*value);
    SqlRows expected;
    for (const Value& row : *rows) {
        const Array* fields = row.array();
        if (!fields) return wrong(row);
        SqlRow& out = expected.emplace_back();
        for (const Value& field : *fields) {
            if (!field.string()) return wrong(field);
            out.push_back(*field.string());
        }
    }
    return expected;
}

SqlRun read_run(const Value& value, const std::string& path, bool compares,
                Diagnostics& diagnostics) {
    TableReader reader(value, path, diagnostics);
    SqlRun run;
    std::string engine = reader.require_string("engine");
    if (engine == "spark") {
        run.engine = SqlEngine::spark;
    } else if (!engine.empty() && engine != "flink") {
        auto near = closest(engine, std::vector<std::string>{"flink", "spark"});
        reader.error("engine", fmt::format("unknown engine \"{}\"", engine),
                     near ? fmt::format("did you mean \"{}\"?", *near) : "flink or spark");
    }
    for (std::string statement : reader.strings("statements")) {
        // The gateway takes one statement without its end, the script for Spark sets the end.
        while (!statement.empty() &&
               std::string_view("; \t\r\n").find(statement.back()) != std::string_view::npos)
            statement.pop_back();
        if (statement.empty())
            reader.error("statements", reader.name("statements") + " holds an empty statement");
        run.statements.push_back(std::move(statement));
    }
    if (!reader.any("statements") || reader.any("statements")->array() == nullptr ||
        reader.any("statements")->array()->empty())
        reader.error("statements", reader.name("statements") + " is missing or empty");
    if (compares) {
        run.expect = read_expect(reader);
        run.unordered = reader.boolean("unordered").value_or(false);
    }
    reader.finish();
    return run;
}

bool uses_flink(const std::vector<SqlRun>& runs) {
    return std::any_of(runs.begin(), runs.end(),
                       [](const SqlRun& run) { return run.engine == SqlEngine::flink; });
}

} // namespace

FlinkClusterStep read_flink_cluster(TableReader& reader) {
    FlinkClusterStep step;
    step.jobmanager = read_address(reader, "");
    step.taskmanagers = static_cast<int>(read_count(reader, "taskmanagers", 10'000));
    step.slots = static_cast<int>(read_count(reader, "slots", 10'000));
    return step;
}

SqlStep read_sql(TableReader& reader, Diagnostics& diagnostics) {
    SqlStep step;
    step.spark = reader.string("spark").value_or(step.spark);
    step.spark_user = reader.string("spark_user").value_or(step.spark_user);
    auto runs = reader.tables("run");
    for (std::size_t i = 0; i < runs.size(); ++i)
        step.runs.push_back(read_run(*runs[i], indexed(reader, "run", i), true, diagnostics));
    auto cleanup = reader.tables("cleanup");
    for (std::size_t i = 0; i < cleanup.size(); ++i)
        step.cleanup.push_back(
            read_run(*cleanup[i], indexed(reader, "cleanup", i), false, diagnostics));
    if (step.runs.empty()) reader.error("run", reader.name("run") + " is missing or empty");
    step.gateway.host = read_host(reader, "gateway_host");
    if (reader.any("gateway_port") || uses_flink(step.runs) || uses_flink(step.cleanup))
        step.gateway.port = read_port(reader, "gateway_port");
    if (const Value* value = reader.table("history")) {
        TableReader history(*value, reader.name("history"), diagnostics);
        step.history = read_address(history, "");
        history.finish();
        if (std::none_of(step.runs.begin(), step.runs.end(),
                         [](const SqlRun& run) { return run.engine == SqlEngine::spark; }))
            reader.error("history", reader.name("history") + " is set, but no run is by spark");
    }
    return step;
}

FlinkFailoverStep read_flink_failover(TableReader& reader) {
    FlinkFailoverStep step;
    step.gateway = read_address(reader, "gateway_");
    step.jobmanager = read_address(reader, "jobmanager_");
    step.unit = reader.require_string("unit");
    if (!step.unit.empty() &&
        (!step.unit.ends_with(".service") || step.unit.find('/') != std::string::npos))
        reader.error("unit", fmt::format("{} is \"{}\", expected the name of a service unit",
                                         reader.name("unit"), step.unit));
    step.catalog = reader.string("catalog").value_or(step.catalog);
    step.hive_catalog = reader.string("hive_catalog").value_or(step.hive_catalog);
    step.rows = read_count(reader, "rows", 10'000'000, step.rows);
    step.rate = read_count(reader, "rate", 1'000'000, step.rate);
    if (step.rows < 60 * step.rate)
        reader.error(
            "rows",
            fmt::format("{} rows at {} a second last less than 60 s: their end must come after the "
                        "recovery",
                        step.rows, step.rate),
            "raise rows, or lower rate");
    return step;
}

} // namespace lakebed
