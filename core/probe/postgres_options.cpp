#include "probe/postgres_options.h"

namespace lakebed {

PostgresOptions::PostgresOptions(PostgresTarget target)
    : target_(std::move(target)), port_(std::to_string(target_.port)) {
    if (target_.host == "localhost") target_.host = "127.0.0.1";
    bool socket = target_.host.starts_with('/');
    bool local = socket || target_.host.starts_with("127.") || target_.host == "::1";
    std::size_t next = 0;
    auto set = [&](const char* name, const char* value) {
        names_[next] = name;
        values_[next++] = value;
    };
    // `hostaddr` spares a name lookup, which libpq does blocking.
    set(socket ? "host" : "hostaddr", target_.host.c_str());
    set("port", port_.c_str());
    set("dbname", target_.database.c_str());
    set("user", target_.user.c_str());
    set("password", target_.password.c_str());
    set("passfile", "/dev/null/none"); // /dev/null itself gets a warning
    set("options", "");
    set("application_name", target_.application.c_str());
    set("gssencmode", "disable");
    set("sslmode", local ? "disable" : "prefer");
    set("client_encoding", "UTF8");
}

} // namespace lakebed
