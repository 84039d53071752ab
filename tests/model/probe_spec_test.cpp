#include "model/probe_spec.h"

#include <gtest/gtest.h>

#include "support/text.h"

namespace lakebed {
namespace {

using namespace std::chrono_literals;
using test::all_text;

ProbeSpec read(std::string_view text, Diagnostics& diagnostics) {
    Value root = parse_toml(text, "p.toml", diagnostics);
    return read_probe_spec(root, "probe", diagnostics);
}

TEST(ProbeSpec, of_each_kind_is_read_back_from_what_was_written) {
    const std::vector<ProbeSpec> probes = {
        {TcpProbe{"::1", 1}},
        {TcpProbe{"::1", 1, "ruok", "imok"}},
        {PostgresProbe{"/run/lakebed/postgres", 5432, "db", "me", "/s/pw", "select 2"}, 1s, 2s},
        {PostgresProbe{"127.0.0.1", 5432, "db", "me", "", "select 1"}},
        {S3Probe{"127.0.0.1", 9000, "/a", "/b"}},
        {ThriftProbe{"127.0.0.1", 9083, "getStatus"}},
        {RedisProbe{"127.0.0.1", 6379, "u", "/p"}},
        {HttpProbe{"127.0.0.1", 65535, "/x?y=\"z\"", 204, "ok"}},
    };
    for (const ProbeSpec& probe : probes) {
        Diagnostics diagnostics;
        EXPECT_EQ(read(write_toml(write_probe_spec(probe)), diagnostics), probe)
            << kind_name(probe);
        EXPECT_EQ(all_text(diagnostics), "");
    }
}

TEST(ProbeSpec, with_an_unknown_kind_gets_a_suggestion) {
    Diagnostics diagnostics;
    (void)read("kind = \"rediss\"\nport = 1\n", diagnostics);
    EXPECT_EQ(all_text(diagnostics), "p.toml:1:8: error: unknown kind of probe \"rediss\"\n"
                                     "  fix: did you mean \"redis\"?\n");
}

TEST(ProbeSpec, wants_a_port_in_range_and_a_duration_above_zero) {
    Diagnostics diagnostics;
    (void)read("kind = \"tcp\"\nport = 65536\ntimeout = \"0s\"\nintervall = \"1s\"\n", diagnostics);
    EXPECT_EQ(all_text(diagnostics),
              "p.toml:2:8: error: probe.port is 65536, expected 1 to 65535\n"
              "p.toml:3:11: error: probe.timeout is \"0s\", expected a duration like \"500ms\"\n"
              "p.toml:4:1: error: unknown key probe.intervall\n"
              "  fix: did you mean probe.interval?\n");
}

} // namespace
} // namespace lakebed
