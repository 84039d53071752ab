#include "verify/read_parts.h"

#include <regex>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/suggest.h"

namespace lakebed {

std::string indexed(const TableReader& reader, std::string_view key, std::size_t index) {
    return fmt::format("{}[{}]", reader.name(key), index);
}

std::string read_host(TableReader& reader, std::string_view key) {
    return reader.string(key).value_or("127.0.0.1");
}

Port read_port(TableReader& reader, std::string_view key) {
    auto number = reader.integer(key);
    if (number && *number >= 1 && *number <= 65535) return static_cast<Port>(*number);
    if (number)
        reader.error(key, fmt::format("{} is {}, expected 1 to 65535", reader.name(key), *number));
    else if (!reader.any(key))
        reader.error(key, reader.name(key) + " is missing");
    return 0;
}

namespace {

void read_refused_commands(TableReader& reader, std::vector<std::vector<std::string>>& out) {
    const Value* value = reader.any("refused");
    if (!value) return;
    out.clear();
    const Array* commands = value->array();
    bool good = commands;
    for (std::size_t i = 0; good && i < commands->size(); ++i) {
        const Array* words = (*commands)[i].array();
        good = words && !words->empty();
        out.emplace_back();
        for (std::size_t j = 0; good && j < words->size(); ++j) {
            good = (*words)[j].string();
            if (good) out.back().push_back(*(*words)[j].string());
        }
    }
    if (!good)
        reader.error("refused", reader.name("refused") + " is no list of commands",
                     "refused = [[\"CONFIG\", \"GET\", \"dir\"]]");
}

RedisStep read_redis(TableReader& reader) {
    RedisStep step;
    step.host = read_host(reader);
    step.port = read_port(reader);
    step.user = reader.require_string("user");
    step.password_file = reader.require_string("password_file");
    step.key_prefix = reader.string("key_prefix").value_or(step.key_prefix);
    step.persistence = reader.boolean("persistence").value_or(true);
    step.persistence_user = reader.string("persistence_user").value_or("");
    step.persistence_password_file = reader.string("persistence_password_file").value_or("");
    if (step.persistence_user.empty() != step.persistence_password_file.empty())
        reader.error("persistence_user",
                     "persistence_user and persistence_password_file belong together");
    read_refused_commands(reader, step.refused);
    return step;
}

S3Step read_s3(TableReader& reader, Diagnostics& diagnostics) {
    S3Step step;
    step.host = read_host(reader);
    step.port = read_port(reader);
    step.region = reader.string("region").value_or(step.region);
    step.root_access_key_file = reader.require_string("root_access_key_file");
    step.root_secret_key_file = reader.require_string("root_secret_key_file");
    step.buckets = reader.strings("buckets");
    auto users = reader.tables("users");
    for (std::size_t i = 0; i < users.size(); ++i) {
        TableReader user(*users[i], indexed(reader, "users", i), diagnostics);
        S3StepUser& out = step.users.emplace_back();
        out.name = user.require_string("name");
        out.access_key_file = user.require_string("access_key_file");
        out.secret_key_file = user.require_string("secret_key_file");
        out.bucket = user.require_string("bucket");
        out.refused = user.strings("refused");
        user.finish();
    }
    return step;
}

PostgresStep read_postgres(TableReader& reader, Diagnostics& diagnostics) {
    PostgresStep step;
    step.host = read_host(reader);
    step.port = read_port(reader);
    step.user = reader.require_string("user");
    step.password_file = reader.string("password_file").value_or("");
    step.database = reader.require_string("database");
    auto checks = reader.tables("checks");
    for (std::size_t i = 0; i < checks.size(); ++i) {
        TableReader check(*checks[i], indexed(reader, "checks", i), diagnostics);
        PostgresCheck& out = step.checks.emplace_back();
        out.name = check.require_string("name");
        out.query = check.require_string("query");
        out.expect = check.string("expect").value_or("");
        out.matches = check.string("matches").value_or("");
        if (!out.expect.empty() && !out.matches.empty())
            check.error("matches", "expect and matches exclude each other");
        try {
            std::regex(out.matches);
        } catch (const std::regex_error& bad) {
            check.error("matches", fmt::format("{} is no regular expression: {}",
                                               check.name("matches"), bad.what()));
        }
        check.finish();
    }
    if (step.checks.empty()) reader.error("checks", reader.name("checks") + " is missing or empty");
    return step;
}

MetastoreStep read_metastore(TableReader& reader) {
    MetastoreStep step;
    step.host = read_host(reader);
    step.port = read_port(reader);
    step.location = reader.require_string("location");
    while (step.location.ends_with('/')) step.location.pop_back();
    step.database_prefix = reader.string("database_prefix").value_or(step.database_prefix);
    return step;
}

HttpProbe read_http(TableReader& reader) {
    HttpProbe step{read_host(reader), read_port(reader)};
    step.path = reader.string("path").value_or(step.path);
    step.status = static_cast<int>(reader.integer("status").value_or(step.status));
    step.contains = reader.string("contains").value_or("");
    return step;
}

void report_kind(TableReader& reader, const std::string& kind) {
    const std::vector<std::string> kinds{
        "redis",         "s3",  "postgres",      "thrift-metastore", "http", "tcp",
        "flink-cluster", "sql", "flink-failover"};
    auto near = closest(kind, kinds);
    reader.error("kind", fmt::format("unknown kind of acceptance step \"{}\"", kind),
                 near ? fmt::format("did you mean \"{}\"?", *near)
                      : fmt::format("one of {}", fmt::join(kinds, ", ")));
}

VerifyStep read_step(const Value& value, const std::string& path, Diagnostics& diagnostics) {
    TableReader reader(value, path, diagnostics);
    VerifyStep step;
    step.service = reader.require_string("service");
    std::string kind = reader.require_string("kind");
    step.name = reader.string("name").value_or(fmt::format("{}: {}", step.service, kind));
    step.deep = reader.boolean("deep").value_or(false);
    if (kind == "flink-cluster") step.timeout = std::chrono::minutes(1);
    if (kind == "sql" || kind == "flink-failover") step.timeout = std::chrono::minutes(5);
    if (auto text = reader.string("timeout")) {
        auto timeout = parse_duration(*text);
        if (timeout && timeout->count() > 0)
            step.timeout = *timeout;
        else
            reader.error("timeout", fmt::format("{} is \"{}\", expected a duration like \"30s\"",
                                                reader.name("timeout"), *text));
    }
    if (kind == "redis") {
        step.how = read_redis(reader);
    } else if (kind == "s3") {
        step.how = read_s3(reader, diagnostics);
    } else if (kind == "postgres") {
        step.how = read_postgres(reader, diagnostics);
    } else if (kind == "thrift-metastore") {
        step.how = read_metastore(reader);
    } else if (kind == "http") {
        step.how = read_http(reader);
    } else if (kind == "tcp") {
        step.how = TcpProbe{read_host(reader), read_port(reader)};
    } else if (kind == "flink-cluster") {
        step.how = read_flink_cluster(reader);
    } else if (kind == "sql") {
        step.how = read_sql(reader, diagnostics);
    } else if (kind == "flink-failover") {
        step.how = read_flink_failover(reader);
    } else {
        if (!kind.empty()) report_kind(reader, kind);
        return step;
    }
    reader.finish();
    return step;
}

} // namespace

std::vector<VerifyStep> read_verify(std::string_view text, std::string_view file,
                                    Diagnostics& diagnostics) {
    Value root = parse_toml(text, file, diagnostics);
    TableReader reader(root, "", diagnostics);
    std::vector<VerifyStep> steps;
    auto tables = reader.tables("step");
    for (std::size_t i = 0; i < tables.size(); ++i)
        steps.push_back(read_step(*tables[i], indexed(reader, "step", i), diagnostics));
    reader.finish();
    return steps;
}

} // namespace lakebed
