#include "model/probe_spec.h"

#include <fmt/format.h>

#include "base/suggest.h"

namespace lakebed {
namespace {

Port read_port(TableReader& reader) {
    auto number = reader.integer("port");
    if (!number) {
        reader.error("port", reader.name("port") + " is missing");
        return 0;
    }
    if (*number < 1 || *number > 65535) {
        reader.error("port",
                     fmt::format("{} is {}, expected 1 to 65535", reader.name("port"), *number));
        return 0;
    }
    return static_cast<Port>(*number);
}

void read_duration(TableReader& reader, std::string_view key, Duration& out) {
    auto text = reader.string(key);
    if (!text) return;
    if (auto duration = parse_duration(*text); duration && duration->count() > 0)
        out = *duration;
    else
        reader.error(key, fmt::format("{} is \"{}\", expected a duration like \"500ms\"",
                                      reader.name(key), *text));
}

} // namespace

std::string_view kind_name(const ProbeSpec& probe) {
    static constexpr std::string_view kNames[] = {"tcp",    "postgres", "s3",
                                                  "thrift", "redis",    "http"};
    return kNames[probe.how.index()];
}

ProbeSpec read_probe_spec(const Value& value, const std::string& path, Diagnostics& diagnostics) {
    TableReader reader(value, path, diagnostics);
    ProbeSpec spec;
    std::string kind = reader.require_string("kind");
    std::string host = reader.string("host").value_or("127.0.0.1");
    Port port = read_port(reader);
    auto text = [&](std::string_view key) { return reader.require_string(key); };
    if (kind == "tcp") {
        TcpProbe probe{host, port};
        probe.send = reader.string("send").value_or("");
        probe.contains = reader.string("contains").value_or("");
        spec.how = probe;
    } else if (kind == "postgres") {
        PostgresProbe probe{host, port, text("database"), text("user")};
        probe.password_file = reader.string("password_file").value_or("");
        probe.query = reader.string("query").value_or(probe.query);
        spec.how = probe;
    } else if (kind == "s3") {
        spec.how = S3Probe{host, port, text("access_key_file"), text("secret_key_file")};
    } else if (kind == "thrift") {
        ThriftProbe probe{host, port};
        probe.method = reader.string("method").value_or(probe.method);
        spec.how = probe;
    } else if (kind == "redis") {
        spec.how = RedisProbe{host, port, text("user"), text("password_file")};
    } else if (kind == "http") {
        HttpProbe probe{host, port};
        probe.path = reader.string("path").value_or(probe.path);
        probe.status = static_cast<int>(reader.integer("status").value_or(probe.status));
        probe.contains = reader.string("contains").value_or("");
        spec.how = probe;
    } else if (!kind.empty()) {
        auto near = closest(kind, {"tcp", "postgres", "s3", "thrift", "redis", "http"});
        reader.error("kind", fmt::format("unknown kind of probe \"{}\"", kind),
                     near ? fmt::format("did you mean \"{}\"?", *near)
                          : "one of tcp, postgres, s3, thrift, redis, http");
    }
    read_duration(reader, "interval", spec.interval);
    read_duration(reader, "timeout", spec.timeout);
    if (!kind.empty()) reader.finish();
    return spec;
}

Table write_probe_spec(const ProbeSpec& probe) {
    Table table;
    set(table, "kind", std::string(kind_name(probe)));
    struct Visitor {
        Table& table;
        void address(const std::string& host, Port port) const {
            set(table, "host", host);
            set(table, "port", std::int64_t{port});
        }
        void operator()(const TcpProbe& p) const {
            address(p.host, p.port);
            if (!p.send.empty()) set(table, "send", p.send);
            if (!p.contains.empty()) set(table, "contains", p.contains);
        }
        void operator()(const PostgresProbe& p) const {
            address(p.host, p.port);
            set(table, "database", p.database);
            set(table, "user", p.user);
            if (!p.password_file.empty()) set(table, "password_file", p.password_file);
            set(table, "query", p.query);
        }
        void operator()(const S3Probe& p) const {
            address(p.host, p.port);
            set(table, "access_key_file", p.access_key_file);
            set(table, "secret_key_file", p.secret_key_file);
        }
        void operator()(const ThriftProbe& p) const {
            address(p.host, p.port);
            set(table, "method", p.method);
        }
        void operator()(const RedisProbe& p) const {
            address(p.host, p.port);
            set(table, "user", p.user);
            set(table, "password_file", p.password_file);
        }
        void operator()(const HttpProbe& p) const {
            address(p.host, p.port);
            set(table, "path", p.path);
            set(table, "status", std::int64_t{p.status});
            if (!p.contains.empty()) set(table, "contains", p.contains);
        }
    };
    std::visit(Visitor{table}, probe.how);
    set(table, "interval", to_string(probe.interval));
    set(table, "timeout", to_string(probe.timeout));
    return table;
}

} // namespace lakebed
