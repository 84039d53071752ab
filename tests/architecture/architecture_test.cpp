// The arrows between modules, read back from CMake (module-links.txt) and from #include lines,
// against the table of design.md §3; and pure modules, searched for names of the world.
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

using Names = std::set<std::string>;

struct Rule {
    bool pure = false;
    Names modules;   // it may link and include, besides base; what those reach, it may include too
    Names libraries; // it may link and include, besides expected and fmt
};

// What goes beyond design.md §3 stands in ARCHITECTURE.md with its reason.
const std::map<std::string, Rule> kAllowed = {
    {"base", {true, {}, {"toml++", "openssl"}}}, // OpenSSL for digests: pure functions of bytes
    {"model", {true, {}, {}}},
    {"input", {true, {}, {}}},
    {"plan", {true, {"model", "input"}, {}}},
    {"render", {true, {"model", "plan"}, {}}},
    {"engine", {true, {"model"}, {}}},
    {"sys", {false, {}, {"systemd", "curl", "archive", "openssl", "threads"}}},
    // Probes join the sd-event loop: curl multi for HTTP and S3, HMAC for SCRAM.
    {"probe", {false, {"model", "sys"}, {"libpq", "systemd", "curl", "openssl"}}},
    {"client", {false, {"sys"}, {"systemd"}}}, // sd-bus
    {"depot", {false, {"input", "sys"}, {"threads"}}},
    {"host",
     {false, {"plan", "sys", "depot"}, {"threads"}}}, // depot: Unpack takes artifacts from there
    // The engines' REST interfaces: JSON over HTTP.
    {"verify", {false, {"model", "probe", "sys"}, {"curl", "nlohmann"}}},
    {"cli",
     {false,
      {"input", "plan", "render", "depot", "host", "verify", "client"},
      {"cli11", "nlohmann", "threads"}}},
    {"driver", {false, {"engine", "probe", "sys"}, {"systemd"}}},
    {"web", {false, {"driver"}, {"microhttpd", "nlohmann"}}},
    {"init", {false, {"model", "probe", "sys"}, {}}},
};

// Names that CMake links by, and first parts of #include <…>, to a library of the table.
const std::map<std::string, std::string> kLibraries = {
    {"tl::expected", "expected"},
    {"fmt::fmt", "fmt"},
    {"PkgConfig::SYSTEMD", "systemd"},
    {"PkgConfig::LIBARCHIVE", "archive"},
    {"PkgConfig::LIBPQ", "libpq"},
    {"CURL::libcurl", "curl"},
    {"OpenSSL::Crypto", "openssl"},
    {"Boost::headers", "boost"},
    {"spdlog::spdlog", "spdlog"},
    {"Threads::Threads", "threads"},
    {"CLI11::CLI11", "cli11"},
    {"nlohmann_json::nlohmann_json", "nlohmann"},
    {"PkgConfig::MICROHTTPD", "microhttpd"},
    {"tl", "expected"},
    {"fmt", "fmt"},
    {"systemd", "systemd"},
    {"archive.h", "archive"},
    {"archive_entry.h", "archive"},
    {"libpq-fe.h", "libpq"},
    {"curl", "curl"},
    {"openssl", "openssl"},
    {"boost", "boost"},
    {"spdlog", "spdlog"},
    {"CLI", "cli11"},
    {"nlohmann", "nlohmann"},
    {"microhttpd.h", "microhttpd"},
    {"toml++", "toml++"},
};

struct Module {
    std::string directory;
    bool pure = false;
    std::vector<std::string> links;
};

std::map<std::string, Module> read_modules() {
    std::map<std::string, Module> modules;
    std::ifstream in(std::filesystem::path(LAKEBED_BINARY_DIR) / "module-links.txt");
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line);
        std::string name, purity, link;
        Module module;
        words >> name >> module.directory >> purity;
        module.pure = purity == "pure";
        while (words >> link) module.links.push_back(link);
        modules[name] = module;
    }
    return modules;
}

std::vector<std::filesystem::path> sources_of(const Module& module) {
    std::vector<std::filesystem::path> files;
    auto root = std::filesystem::path(LAKEBED_SOURCE_DIR) / module.directory;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root))
        if (entry.path().extension() == ".h" || entry.path().extension() == ".cpp")
            files.push_back(entry.path());
    return files;
}

std::string text_of(const std::filesystem::path& path) {
    std::ifstream in(path);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

// Modules that `name` may include: along the allowed arrows, as PUBLIC links hand headers on.
void reach(const std::string& name, Names& reached) {
    if (!reached.insert(name).second) return;
    for (const std::string& next : kAllowed.at(name).modules) reach(next, reached);
}

// Source text without comments and string literals.
std::string code_of(const std::string& text) {
    static const std::regex kNoise(
        R"raw(R"(\w*)\([\s\S]*?\)\1"|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|//[^\n]*|/\*[\s\S]*?\*/)raw");
    std::string code;
    auto begin = std::sregex_iterator(text.begin(), text.end(), kNoise);
    std::size_t done = 0;
    for (auto it = begin; it != std::sregex_iterator(); ++it) {
        auto at = static_cast<std::size_t>(it->position());
        code += text.substr(done, at - done) + ' ';
        done = at + static_cast<std::size_t>(it->length());
    }
    return code + text.substr(done);
}

TEST(Architecture, has_a_rule_for_every_module) {
    auto modules = read_modules();
    ASSERT_FALSE(modules.empty());
    for (const auto& [name, module] : modules) {
        auto rule = kAllowed.find(name);
        ASSERT_NE(rule, kAllowed.end()) << name;
        EXPECT_EQ(module.pure, rule->second.pure) << name;
    }
}

TEST(Architecture, links_only_along_the_allowed_arrows) {
    for (const auto& [name, module] : read_modules()) {
        const Rule& rule = kAllowed.at(name);
        for (const std::string& link : module.links) {
            if (link.starts_with("lakebed_")) {
                std::string target = link.substr(8);
                EXPECT_TRUE(target == "base" || rule.modules.contains(target))
                    << name << " links " << target;
                continue;
            }
            auto library = kLibraries.find(link);
            ASSERT_NE(library, kLibraries.end())
                << name << " links " << link << ", which is in no table";
            EXPECT_TRUE(library->second == "fmt" || library->second == "expected" ||
                        rule.libraries.contains(library->second))
                << name << " links " << link;
        }
    }
}

TEST(Architecture, includes_only_along_the_allowed_arrows) {
    static const std::regex kInclude(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
    auto modules = read_modules();
    int seen = 0;
    for (const auto& [name, module] : modules) {
        Names reached = {"base"};
        reach(name, reached);
        const Rule& rule = kAllowed.at(name);
        for (const auto& path : sources_of(module)) {
            std::istringstream lines(text_of(path));
            for (std::string line; std::getline(lines, line);) {
                std::smatch match;
                if (!std::regex_search(line, match, kInclude)) continue;
                ++seen;
                std::string target = match[2], first = target.substr(0, target.find('/'));
                if (match[1] == "\"") {
                    EXPECT_TRUE(reached.contains(first)) << path << " includes \"" << target << '"';
                    continue;
                }
                auto library = kLibraries.find(first);
                if (library == kLibraries.end())
                    continue; // the standard library and the system's own headers
                EXPECT_TRUE(library->second == "fmt" || library->second == "expected" ||
                            rule.libraries.contains(library->second))
                    << path << " includes <" << target << '>';
            }
        }
    }
    EXPECT_GT(seen, 100);
}

TEST(Architecture, wraps_toml_in_one_file) {
    for (const auto& [name, module] : read_modules())
        for (const auto& path : sources_of(module))
            if (text_of(path).find("<toml++") != std::string::npos) {
                EXPECT_EQ(path.filename(), "value_toml.cpp");
            }
}

// A headline of third parties in a header would bind everyone who includes it.
TEST(Architecture, keeps_third_party_headers_out_of_headers) {
    static const std::regex kThirdParty(
        R"(#\s*include\s*<(curl/|archive|systemd/|libpq|boost/|toml\+\+|openssl/|spdlog/|microhttpd|nlohmann/))");
    for (const auto& [name, module] : read_modules())
        for (const auto& path : sources_of(module))
            if (path.extension() == ".h") {
                EXPECT_FALSE(std::regex_search(text_of(path), kThirdParty)) << path;
            }
}

TEST(Architecture, keeps_the_world_out_of_pure_modules) {
    // Clock, file, environment, process, randomness, logger.
    static const std::vector<std::string> kWorld = {R"(\bsystem_clock\b)",
                                                    R"(\bsteady_clock\b)",
                                                    R"(\bhigh_resolution_clock\b)",
                                                    R"(_clock\s*::\s*now\b)",
                                                    R"(\b(std::)?time\s*\(\s*(NULL|nullptr|0|&))",
                                                    R"(\bclock_gettime\b)",
                                                    R"(\bgettimeofday\b)",
                                                    R"(<fstream>)",
                                                    R"(<filesystem>)",
                                                    R"(<iostream>)",
                                                    R"(<thread>)",
                                                    R"(<random>)",
                                                    R"(<unistd\.h>)",
                                                    R"(<sys/)",
                                                    R"(<fcntl\.h>)",
                                                    R"(\b[io]?fstream\b)",
                                                    R"(\bstd::filesystem\b)",
                                                    R"(\bfopen\b)",
                                                    R"(\bprintf\b)",
                                                    R"(\b(secure_)?getenv\b)",
                                                    R"(\bsetenv\b)",
                                                    R"(\bfork\b)",
                                                    R"(\bexec[lv]p?e?\b)",
                                                    R"(\bposix_spawn)",
                                                    R"(\bsystem\s*\()",
                                                    R"(\bs?rand\s*\()",
                                                    R"(\brandom_device\b)",
                                                    R"(\bgetrandom\b)",
                                                    R"(\bspdlog\b)",
                                                    R"(\bstd::c(out|err|log)\b)",
                                                    R"(\bsd_\w+\()"};
    int pure = 0;
    for (const auto& [name, module] : read_modules()) {
        if (!module.pure) continue;
        ++pure;
        for (const auto& path : sources_of(module)) {
            std::string code = code_of(text_of(path));
            for (const std::string& pattern : kWorld)
                EXPECT_FALSE(std::regex_search(code, std::regex(pattern)))
                    << path << " has " << pattern;
        }
    }
    EXPECT_GE(pure, 5);
}

TEST(Architecture, finds_what_it_looks_for) {
    std::string code =
        code_of("int a; // fork()\nconst char* s = \"getenv\"; getenv(s);\n#include <fstream>\n");
    EXPECT_EQ(code.find("fork"), std::string::npos);
    EXPECT_NE(code.find("getenv(s)"), std::string::npos);
    EXPECT_EQ(code.find("\"getenv\""), std::string::npos);
    EXPECT_NE(code.find("<fstream>"), std::string::npos);
    EXPECT_EQ(code_of("auto x = R\"(fork \" )\"; y"), "auto x =  ; y");
}

} // namespace
