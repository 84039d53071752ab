// Runs each fuzz target over a small corpus and 2,000 mutations of it. LAKEBED_SEED=N repeats a
// run.
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fuzz/targets.h"
#include "support/profile_data.h"

namespace lakebed::fuzz {
namespace {

using Target = void (*)(std::string_view);

std::vector<std::string> corpus(const std::vector<std::string>& directories,
                                std::vector<std::string> texts) {
    for (const std::string& directory : directories)
        for (const auto& path :
             test::files_of(std::filesystem::path(LAKEBED_SOURCE_DIR) / directory))
            texts.push_back(test::file_text(path));
    return texts;
}

// Changes what a parser looks at: bytes, pieces moved or doubled, words of the format put in.
std::string mutated(std::string text, std::mt19937_64& random) {
    static const std::vector<std::string> kWords = {"=",          "[",
                                                    "]]",         "\"",
                                                    "'''",        "\n",
                                                    "@",          "@port@",
                                                    "{",          "}",
                                                    ",",          "\\u0000",
                                                    "1e999",      "-1",
                                                    "true",       "\xff",
                                                    "\xc3",       "#",
                                                    ".",          "99999999999999999999",
                                                    "[[node]]\n", "kind = \"job\"\n"};
    std::uint64_t changes = 1 + random() % 6;
    for (std::uint64_t i = 0; i < changes; ++i) {
        std::size_t at = text.empty() ? 0 : random() % (text.size() + 1);
        switch (random() % 5) {
        case 0:
            text.insert(at, kWords[random() % kWords.size()]);
            break;
        case 1:
            text.erase(at, random() % 20);
            break;
        case 2:
            text.insert(at, text.substr(random() % (text.size() + 1), random() % 40));
            break;
        case 3:
            if (at < text.size()) text[at] = static_cast<char>(random());
            break;
        default:
            text.resize(at);
            break;
        }
    }
    return text;
}

void smoke(Target target, const std::vector<std::string>& seeds) {
    ASSERT_FALSE(seeds.empty());
    const char* given = std::getenv("LAKEBED_SEED");
    std::uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    std::printf("LAKEBED_SEED=%llu\n", static_cast<unsigned long long>(seed));
    std::fflush(stdout); // a target that aborts must not take the seed with it
    std::mt19937_64 random(seed);
    for (const std::string& text : seeds) target(text);
    for (int i = 0; i < 2000; ++i) target(mutated(seeds[random() % seeds.size()], random));
}

const std::vector<std::string> kEdges = {
    "", "\n", "=", "[[", "a = ", std::string(3, '\0'), "\xef\xbb\xbf a = 1", std::string(500, '[')};

Desired rendered(const std::filesystem::path& root, const std::string& profile) {
    Diagnostics diagnostics;
    test::ProfileData data = test::read_profile_data(root, profile, diagnostics);
    return render(resolve(test::resolve_input(data), diagnostics), data.templates, diagnostics);
}

TEST(FuzzSmoke, parse_toml) {
    smoke(fuzz_parse_toml,
          corpus({"profiles", "profiles/catalog", "tests/golden/fixture/profiles/conf"}, kEdges));
}

TEST(FuzzSmoke, site) {
    auto seeds = kEdges;
    seeds.emplace_back(
        "name = \"s\"\nlisten = \"::1\"\nmemory = \"8GiB\"\nallow_from = "
        "[\"10.0.0.0/8\"]\n[secrets]\nx = { file = \"/y\" }\n"
        "[service.redis]\nport = 1\ndata_dir = \"/d\"\n[service.redis.settings]\na = [1, \"b\"]\n");
    smoke(fuzz_site, seeds);
}

TEST(FuzzSmoke, catalog) {
    smoke(fuzz_catalog, corpus({"profiles/catalog"}, kEdges));
}

TEST(FuzzSmoke, graph) {
    auto seeds = kEdges;
    seeds.push_back(
        rendered(std::filesystem::path(LAKEBED_SOURCE_DIR) / "tests/golden/fixture", "small")
            .graph);
    smoke(fuzz_graph, seeds);
}

TEST(FuzzSmoke, recording) {
    auto seeds = corpus({"tests/conformance/recordings"}, kEdges);
    seeds.emplace_back(
        "{\"format\":1,\"lakebed\":\"x\",\"state\":{\"random\":1}}\n"
        "{\"at\":1,\"event\":{\"is\":\"target_stopping\"}}\n{\"end\":\"\\udcff\"}\n");
    smoke(fuzz_recording, seeds);
}

TEST(FuzzSmoke, verify) {
    auto seeds = kEdges;
    seeds.push_back(rendered(LAKEBED_SOURCE_DIR, "lakehouse").verify);
    smoke(fuzz_verify, seeds);
}

TEST(FuzzSmoke, gateway_reply) {
    smoke(
        fuzz_gateway_reply,
        {"{}", "[[[[", "\"\\ud800\"", R"({"sessionHandle":"02afc5f9-321a-4807"})",
         R"({"errors":["Internal server error.","<Exception on server side:\nCaused by: a.B: no"]})",
         R"({"resultType":"PAYLOAD","jobID":"21cd","results":{"columns":[{"name":"a"}],"data":[)"
         R"({"kind":"INSERT","fields":[1,2.50,true,null,[1,2],"it's"]},)"
         R"({"kind":"DELETE","fields":[9223372036854775807]}]},"nextResultUri":"/v2/sessions/1"})"});
}

TEST(FuzzSmoke, incident_name) {
    smoke(fuzz_incident_name,
          {"20260921T141320.123Z-flink-taskmanager@2-out_of_memory", "20260921T141320.123Z-a-crash",
           "20260921T141320.123Z-../../secret-crash", "20269999T999999.999Z-a-b",
           "20260921T141320.123Z--", "../state.toml"});
}

TEST(FuzzSmoke, service_conf) {
    smoke(fuzz_service_conf,
          corpus({"tests/golden/fixture/profiles/conf", "profiles/conf"}, kEdges));
}

TEST(FuzzSmoke, interpolate) {
    smoke(fuzz_interpolate, corpus({"units"}, {"@a@", "@", "@@", "@a@b@", "@A@", "x@y.z:1@"}));
}

} // namespace
} // namespace lakebed::fuzz
