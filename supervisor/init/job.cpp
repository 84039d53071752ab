#include "init/job.h"

#include <array>

#include <fmt/format.h>

#include "base/suggest.h"

namespace lakebed {
namespace {

const std::vector<std::string> kKinds = {"initdb", "sql", "s3", "exec", "files"};
const std::vector<std::string> kAttributes = {"replication", "createdb", "createrole", "bypassrls",
                                              "noinherit"};

Port read_port(TableReader& reader) {
    auto number = reader.integer("port");
    if (number && *number >= 1 && *number <= 65535) return static_cast<Port>(*number);
    reader.error("port",
                 number ? fmt::format("{} is {}, expected 1 to 65535", reader.name("port"), *number)
                        : reader.name("port") + " is missing");
    return 0;
}

InitdbJob read_initdb(TableReader& reader) {
    return {.cluster = reader.require_string("cluster"),
            .initdb = reader.require_string("initdb"),
            .args = reader.strings("args"),
            .version = reader.require_string("version")};
}

SqlConnection read_connection(TableReader& parent) {
    SqlConnection connection;
    const Value* value = parent.table("connection");
    if (value == nullptr) {
        parent.error("connection", "the table [connection] is missing");
        return connection;
    }
    TableReader reader(*value, "connection", parent.diagnostics());
    connection.host = reader.require_string("host");
    connection.port = read_port(reader);
    connection.database = reader.string("database").value_or(connection.database);
    connection.user = reader.string("user").value_or(connection.user);
    connection.password_file = reader.string("password_file").value_or("");
    reader.finish();
    return connection;
}

SqlRole read_role(const Value& value, Diagnostics& diagnostics) {
    TableReader reader(value, "role", diagnostics);
    SqlRole role{.name = reader.require_string("name"),
                 .password_file = reader.string("password_file").value_or(""),
                 .attributes = reader.strings("attributes"),
                 .connection_limit = -1,
                 .member_of = reader.strings("member_of")};
    role.connection_limit = static_cast<int>(reader.integer("connection_limit").value_or(-1));
    for (const std::string& attribute : role.attributes) {
        if (std::find(kAttributes.begin(), kAttributes.end(), attribute) != kAttributes.end())
            continue;
        auto near = closest(attribute, kAttributes);
        reader.error("attributes", fmt::format("unknown attribute \"{}\" of a role", attribute),
                     near ? fmt::format("did you mean \"{}\"?", *near)
                          : "one of replication, createdb, createrole, bypassrls, noinherit");
    }
    reader.finish();
    return role;
}

SqlDatabase read_database(const Value& value, Diagnostics& diagnostics) {
    TableReader reader(value, "database", diagnostics);
    SqlDatabase database{.name = reader.require_string("name"),
                         .owner = reader.require_string("owner"),
                         .encoding = reader.string("encoding").value_or("UTF8"),
                         .connect = reader.strings("connect")};
    reader.finish();
    return database;
}

SqlStep read_step(const Value& value, Diagnostics& diagnostics) {
    TableReader reader(value, "step", diagnostics);
    SqlStep step{.name = reader.require_string("name"),
                 .database = reader.require_string("database"),
                 .unless = reader.require_string("unless"),
                 .sql = reader.string("sql").value_or(""),
                 .sql_file = reader.string("sql_file").value_or("")};
    if (step.sql.empty() == step.sql_file.empty())
        reader.error("sql", "a step has either sql or sql_file");
    reader.finish();
    return step;
}

SqlJob read_sql(TableReader& reader) {
    SqlJob job;
    job.connection = read_connection(reader);
    for (const Value* value : reader.tables("role"))
        job.roles.push_back(read_role(*value, reader.diagnostics()));
    for (const Value* value : reader.tables("database"))
        job.databases.push_back(read_database(*value, reader.diagnostics()));
    for (const Value* value : reader.tables("step"))
        job.steps.push_back(read_step(*value, reader.diagnostics()));
    return job;
}

S3Job read_s3(TableReader& reader) {
    S3Job job;
    job.host = reader.require_string("host");
    job.port = read_port(reader);
    job.region = reader.string("region").value_or(job.region);
    job.access_key_file = reader.require_string("access_key_file");
    job.secret_key_file = reader.require_string("secret_key_file");
    job.buckets = reader.strings("buckets");
    job.mc = reader.string("mc").value_or("");
    for (const Value* value : reader.tables("user")) {
        TableReader user(*value, "user", reader.diagnostics());
        job.users.push_back({.name = user.require_string("name"),
                             .access_key_file = user.require_string("access_key_file"),
                             .secret_key_file = user.require_string("secret_key_file"),
                             .policy = user.require_string("policy"),
                             .policy_file = user.require_string("policy_file"),
                             .bucket = user.string("bucket").value_or("")});
        user.finish();
    }
    for (const Value* value : reader.tables("object")) {
        TableReader object(*value, "object", reader.diagnostics());
        job.objects.push_back(
            {.bucket = object.require_string("bucket"), .key = object.require_string("key")});
        object.finish();
    }
    if (!job.users.empty() && job.mc.empty())
        reader.error("mc", "mc is missing: users are made with it");
    return job;
}

ExecJob read_exec(TableReader& reader) {
    ExecJob job;
    job.connection = read_connection(reader);
    job.absent = reader.require_string("absent");
    job.present = reader.require_string("present");
    job.expect = reader.string("expect").value_or("");
    job.remedy = reader.string("remedy").value_or("");
    job.sql_file = reader.string("sql_file").value_or("");
    job.command = reader.strings("command");
    if (job.command.empty() == job.sql_file.empty())
        reader.error("command", "a job of this kind has either command or sql_file");
    if (const Value* environment = reader.table("environment")) {
        for (const Member& member : *environment->table()) {
            if (const std::string* text = member.value.string())
                job.environment[member.key] = *text;
            else
                reader.diagnostics().error(member.value.pos,
                                           "environment." + member.key + " must be a string");
        }
    }
    if (auto text = reader.string("timeout")) {
        auto timeout = parse_duration(*text);
        if (timeout && timeout->count() > 0)
            job.timeout = *timeout;
        else
            reader.error("timeout",
                         "timeout is \"" + *text + "\", expected a duration like \"120s\"");
    }
    return job;
}

FilesJob read_files(TableReader& reader) {
    FilesJob job{.directory = reader.require_string("directory"), .files = {}};
    if (!job.directory.empty() && !job.directory.starts_with('/'))
        reader.error("directory",
                     fmt::format("directory \"{}\" is not an absolute path", job.directory));
    for (const Value* value : reader.tables("file")) {
        TableReader file(*value, "file", reader.diagnostics());
        job.files.push_back(
            {.name = file.require_string("name"), .source = file.require_string("source")});
        const std::string& name = job.files.back().name;
        if (name.starts_with('.') || name.find('/') != std::string::npos)
            file.error("name", fmt::format("\"{}\" is not a plain file name", name));
        file.finish();
    }
    if (job.files.empty()) reader.error("file", "a job of this kind has at least one [[file]]");
    return job;
}

} // namespace

Job read_job(std::string_view text, std::string_view file, Diagnostics& diagnostics) {
    Job job;
    Value root = parse_toml(text, file, diagnostics);
    if (diagnostics.has_errors()) return job;
    TableReader reader(root, "", diagnostics);
    job.name = reader.require_string("job");
    std::string kind = reader.require_string("kind");
    job.site_id = reader.require_string("site_id");
    job.record = reader.require_string("record");
    if (kind == "initdb")
        job.what = read_initdb(reader);
    else if (kind == "sql")
        job.what = read_sql(reader);
    else if (kind == "s3")
        job.what = read_s3(reader);
    else if (kind == "exec")
        job.what = read_exec(reader);
    else if (kind == "files")
        job.what = read_files(reader);
    else {
        if (!kind.empty()) {
            auto near = closest(kind, kKinds);
            reader.error("kind", fmt::format("unknown kind of job \"{}\"", kind),
                         near ? fmt::format("did you mean \"{}\"?", *near)
                              : "one of initdb, sql, s3, exec, files");
        }
        return job; // the other keys depend on it
    }
    reader.finish();
    return job;
}

} // namespace lakebed
