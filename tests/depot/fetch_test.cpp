#include "depot/fetch.h"

#include <gmock/gmock.h>

#include "depot/depot.h"
#include "support/archives.h"
#include "support/http_server.h"
#include "support/temp_dir.h"
#include "support/text.h"
#include "sys/digest.h"
#include "sys/lock.h"

namespace lakebed {
namespace {

using test::http_answer;
using test::HttpServer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

struct Fetching : testing::Test {
    test::TempDir dir;
    std::string depot = dir / "depot";
    Catalog catalog;
    std::string jar = test::make_archive(test::ArchiveKind::zip, {{"a.class", "cafebabe"}});

    Artifact& add(const std::string& name, const std::string& content, std::vector<Source> sources,
                  ContentType type = ContentType::any) {
        Artifact artifact;
        artifact.name = name;
        artifact.version = "1.0";
        artifact.file = name + ".jar";
        artifact.type = type;
        artifact.size.bytes = content.size();
        artifact.sha256 = sha256_hex(content);
        artifact.sources = std::move(sources);
        return catalog.artifacts.emplace_back(std::move(artifact));
    }
    Result<FetchReport> run(FetchOptions options = {}) {
        options.depot = depot;
        return fetch(catalog, {}, options);
    }
    std::string stored(const std::string& content) {
        return test::file_text(stored_path(depot, sha256_hex(content)));
    }
    std::vector<std::string> left_in_tmp() {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(depot + "/tmp"))
            names.push_back(entry.path().filename());
        return names;
    }
};

TEST_F(Fetching, stores_by_digest_and_a_second_run_asks_nobody) {
    HttpServer server([&](const std::string&) { return http_answer("200 OK", jar); });
    add("postgresql-jdbc", jar, {UrlSource{server.url("/f.jar")}}, ContentType::jar);
    EXPECT_THAT(run()->fetched, ElementsAre("postgresql-jdbc"));
    EXPECT_EQ(stored(jar), jar);
    EXPECT_THAT(left_in_tmp(), IsEmpty());
    Result<FetchReport> again = run();
    EXPECT_THAT(again->present, ElementsAre("postgresql-jdbc"));
    EXPECT_THAT(again->fetched, IsEmpty());
    EXPECT_EQ(server.requests().size(), 1U);
    auto held = read_depot(depot);
    EXPECT_EQ(held->at("postgresql-jdbc").size.bytes, jar.size());
    EXPECT_THAT(held->at("postgresql-jdbc").source, HasSubstr("url http://127.0.0.1"));
}

TEST_F(Fetching, one_file_of_two_artifacts_is_stored_once) {
    std::string path = dir.write("f", jar);
    add("a", jar, {FileSource{path}});
    add("b", jar, {FileSource{path}});
    EXPECT_EQ(run()->fetched.size(), 2U);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(depot + "/sha256"), {}), 1);
    EXPECT_TRUE(std::filesystem::exists(path)) << "the operator's file was moved away";
}

TEST_F(Fetching, a_proxys_page_is_named_and_nothing_is_stored) {
    HttpServer server([&](const std::string&) {
        return http_answer("200 OK", "<html><title>Corporate proxy: sign in</title></html>");
    });
    add("driver", jar, {UrlSource{server.url("/f.jar")}}, ContentType::jar);
    Result<void> result = check(*run());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::verification);
    EXPECT_THAT(
        result.error().message,
        HasSubstr("driver: got an HTML page (\"Corporate proxy: sign in\") instead of a jar"));
    EXPECT_THAT(left_in_tmp(), IsEmpty());
    EXPECT_TRUE(read_depot(depot)->empty());
}

TEST_F(Fetching, a_flipped_byte_is_a_verification_error_and_names_both_digests) {
    std::string other = jar;
    other.back() ^= 1;
    HttpServer server([&](const std::string&) { return http_answer("200 OK", other); });
    add("driver", jar, {UrlSource{server.url("/f.jar")}}, ContentType::jar);
    Result<void> result = check(*run());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::verification);
    EXPECT_THAT(result.error().message, HasSubstr(sha256_hex(other)));
    EXPECT_THAT(result.error().message, HasSubstr(sha256_hex(jar)));
    EXPECT_TRUE(std::filesystem::is_empty(depot + "/sha256"));
}

TEST_F(Fetching, the_next_source_is_tried_and_all_reasons_are_told) {
    HttpServer gone([&](const std::string&) { return http_answer("410 Gone", "withdrawn"); });
    HttpServer good([&](const std::string&) { return http_answer("200 OK", jar); });
    add("moved", jar, {UrlSource{gone.url("/f")}, UrlSource{good.url("/f")}});
    add("lost", jar + "x", {UrlSource{gone.url("/f")}, FileSource{dir / "nothing"}});
    Result<FetchReport> report = run();
    EXPECT_THAT(report->fetched, ElementsAre("moved"));
    ASSERT_EQ(report->failed.size(), 1U);
    EXPECT_EQ(report->failed[0].artifact, "lost");
    EXPECT_THAT(report->failed[0].error.message, HasSubstr("answered 410"));
    EXPECT_THAT(report->failed[0].error.message, HasSubstr("then cannot open"));
}

TEST_F(Fetching, a_truncated_download_goes_on_in_the_next_run) {
    std::string content(50000, 'x');
    bool truncate = true;
    HttpServer server([&](const std::string& request) {
        if (request.find("Range: bytes=20000-") != std::string::npos)
            return http_answer("206 Partial Content", content.substr(20000),
                               "ETag: \"1\"\r\nContent-Range: bytes 20000-49999/50000\r\n");
        std::string answer = http_answer("200 OK", content, "ETag: \"1\"\r\n");
        return truncate ? answer.substr(0, answer.size() - 30000) : answer;
    });
    add("big", content, {UrlSource{server.url("/f")}});
    Result<FetchReport> first = run();
    ASSERT_EQ(first->failed.size(), 1U);
    EXPECT_EQ(first->failed[0].error.code, Errc::network);
    truncate = false;
    EXPECT_THAT(run()->fetched, ElementsAre("big"));
    EXPECT_THAT(server.requests().back(), HasSubstr("Range: bytes=20000-"));
}

TEST_F(Fetching, verify_finds_and_replaces_a_damaged_file) {
    add("a", jar, {FileSource{dir.write("f", jar)}});
    ASSERT_THAT(run()->fetched, ElementsAre("a"));
    std::string path = stored_path(depot, sha256_hex(jar));
    auto stamp = std::filesystem::last_write_time(path);
    std::string damaged = jar;
    damaged[10] ^= 1;
    std::ofstream(path, std::ios::binary) << damaged;
    std::filesystem::last_write_time(path, stamp); // what the quick look cannot see
    EXPECT_THAT(run()->present, ElementsAre("a"));
    EXPECT_THAT(run({.verify = true})->fetched, ElementsAre("a"));
    EXPECT_EQ(stored(jar), jar);
    EXPECT_THAT(run({.verify = true})->present, ElementsAre("a"));
}

TEST_F(Fetching, a_lost_index_is_rebuilt_from_the_files) {
    Artifact& artifact = add("a", jar, {FileSource{dir.write("f", jar)}});
    ASSERT_TRUE(run());
    std::filesystem::remove(depot + "/index.toml");
    artifact.sources = {UrlSource{"https://192.0.2.1/unreachable"}};
    EXPECT_THAT(run()->present, ElementsAre("a"));
    EXPECT_TRUE(read_depot(depot)->contains("a"));
}

TEST_F(Fetching, a_missing_client_is_named_with_what_to_install) {
    test::TempDir empty;
    std::string path = std::getenv("PATH");
    ::setenv("PATH", empty.path().c_str(), 1);
    add("m", jar, {MavenSource{"g", "a", "1", "jar", ""}});
    add("p", jar, {PypiSource{"p", "1", "3.11", "cp", "cp311", "any"}});
    add("g", jar, {GoSource{"example.org/m", "v1", "", "h1:x", "m"}}).sha256.clear();
    Result<FetchReport> report = run();
    ::setenv("PATH", path.c_str(), 1);
    std::vector<std::string> said;
    for (const FetchFailure& failure : report->failed)
        said.push_back(failure.artifact + ": " + failure.error.message);
    EXPECT_THAT(said,
                UnorderedElementsAre("m: mvn not found", "p: pip not found", "g: go not found"));
    Result<void> result = check(*report);
    EXPECT_EQ(result.error().code, Errc::network);
    EXPECT_THAT(result.error().hint, HasSubstr("apt install maven default-jdk-headless"));
    EXPECT_THAT(result.error().hint, HasSubstr("apt install python3-pip"));
}

TEST(Check, names_each_reason_once_with_all_it_stopped) {
    FetchReport report;
    report.failed = {{"a", {Errc::network, "mvn not found", "install it"}},
                     {"b", {Errc::network, "pip not found", "install that"}},
                     {"c", {Errc::network, "mvn not found", "install it"}}};
    EXPECT_EQ(check(report).error(), (Error{Errc::network, "a, c: mvn not found\nb: pip not found",
                                            "install it; install that"}));
}

TEST_F(Fetching, offline_asks_no_server) {
    HttpServer server([&](const std::string&) { return http_answer("200 OK", jar); });
    add("a", jar, {UrlSource{server.url("/f")}});
    EXPECT_THAT(run({.offline = true})->failed[0].error.message, HasSubstr("offline"));
    EXPECT_THAT(server.requests(), IsEmpty());
}

TEST_F(Fetching, stopped_on_request_leaves_whole_files_and_says_so) {
    CancelFlag cancel = false;
    HttpServer server([&](const std::string&) { return http_answer("200 OK", jar + "x"); });
    add("a", jar, {FileSource{dir.write("f", jar)}});
    add("b", jar + "x", {UrlSource{server.url("/f")}});
    FetchOptions options;
    options.jobs = 1;
    options.cancel = &cancel;
    options.progress = [&](const FetchProgress& progress) {
        if (progress.phase == FetchPhase::done) cancel = true;
    };
    Result<FetchReport> report = run(options);
    EXPECT_TRUE(report->cancelled);
    EXPECT_THAT(report->fetched, ElementsAre("a"));
    Result<void> result = check(*report);
    EXPECT_EQ(result.error().code, Errc::partial);
    EXPECT_THAT(result.error().message,
                HasSubstr("stopped on request: 1 artifacts are in the depot"));
    cancel = false;
    options.progress = {};
    EXPECT_THAT(run(options)->fetched, ElementsAre("b"));
}

TEST_F(Fetching, an_unknown_name_and_a_locked_depot_are_refused) {
    EXPECT_EQ(fetch(catalog, {"nonsense"}, {.depot = depot}).error().code, Errc::usage);
    FileLock lock = *FileLock::acquire(depot + "/.lock", "fetch");
    EXPECT_EQ(run().error().code, Errc::locked);
}

TEST_F(Fetching, progress_ends_with_done_and_the_catalogs_size) {
    add("a", jar, {FileSource{dir.write("f", jar)}});
    std::vector<FetchProgress> seen;
    FetchOptions options;
    options.progress = [&](const FetchProgress& progress) { seen.push_back(progress); };
    ASSERT_TRUE(run(options));
    ASSERT_FALSE(seen.empty());
    EXPECT_EQ(seen.back().phase, FetchPhase::done);
    EXPECT_EQ(seen.back().done, jar.size());
    EXPECT_EQ(seen.back().total, jar.size());
}

} // namespace
} // namespace lakebed
