#include "support/golden.h"

#include <fmt/format.h>

#include "input/site.h"
#include "render/render.h"
#include "support/profile_data.h"

namespace lakebed::test {
namespace {

std::string as_text(const Desired& desired) {
    std::string text;
    for (const DesiredFile& file : desired.config_files)
        text += fmt::format("=== {} {:04o} root:{}\n{}", file.path, file.mode, file.group,
                            file.content);
    for (const DesiredUnit& unit : desired.units)
        text += fmt::format("=== unit {}\n{}", unit.name, unit.content);
    return text + "=== graph.toml\n" + desired.graph + "=== verify.toml\n" + desired.verify;
}

std::string rendered(const std::filesystem::path& root, const std::string& profile,
                     const std::string& site_text) {
    Diagnostics diagnostics;
    ProfileData data = read_profile_data(root, profile, diagnostics);
    Site site = read_site({{"lakebed.toml", site_text}}, diagnostics);
    Stack stack = resolve(resolve_input(data, site), diagnostics);
    Desired desired = render(stack, data.templates, diagnostics);
    std::string problems = all_text(diagnostics);
    return (problems.empty() ? "" : "=== diagnostics\n" + problems) + as_text(desired);
}

TEST(Golden, the_core_profile_with_an_empty_site) {
    expect_golden("core.txt", rendered(LAKEBED_SOURCE_DIR, "core", ""));
}

TEST(Golden, the_whole_lakehouse_in_the_small_sizing) {
    expect_golden("lakehouse.txt",
                  rendered(LAKEBED_SOURCE_DIR, "lakehouse", "sizing = \"small\"\n"));
}

// A machine sold with so many GiB shows a little less.
TEST(ShippedProfiles, fit_machines_of_8_and_16_GiB) {
    for (const char* profile : {"core", "streaming", "batch", "lakehouse"}) {
        for (std::uint64_t gib : {8, 16, 64}) {
            Diagnostics diagnostics;
            ProfileData data = read_profile_data(LAKEBED_SOURCE_DIR, profile, diagnostics);
            ResolveInput input = resolve_input(data);
            input.facts.ram = {(gib << 30) / 100 * 96};
            Stack stack = resolve(input, diagnostics);
            EXPECT_EQ(all_text(diagnostics), "") << profile << " on " << gib << " GiB";
            EXPECT_EQ(stack.sizing, gib == 8 ? "small" : "standard");
        }
    }
}

TEST(Golden, a_small_profile_with_every_format) {
    expect_golden("fixture.txt",
                  rendered(std::filesystem::path(LAKEBED_SOURCE_DIR) / "tests/golden/fixture",
                           "small",
                           R"(name = "here"
listen = "10.1.2.3"
allow_from = ["10.0.0.0/8"]
memory = "2GiB"
[secrets]
greeter-user = { file = "/srv/user" }
[service.greeter]
port = 17001
greeting = "100% hello"
data_dir = "/srv/greeter"
[service.greeter.settings]
"key with = and #" = "1\\2 ü 😀 @port@"
[service.echo]
listen = "::1"
[service.echo.settings]
work_mem = "it's"
[common]
tracing = "http://trace:4317"
extra_jars = ["/srv/my jar.jar"]
[common.settings]
"common.note" = "a: \"b\" #"
[worker]
slots = 2
)"));
}

} // namespace
} // namespace lakebed::test
