#include "sys/http.h"

#include <gmock/gmock.h>

#include "support/http_server.h"
#include "support/temp_dir.h"
#include "support/text.h"

namespace lakebed {
namespace {

using test::http_answer;
using test::HttpServer;
using testing::HasSubstr;
using testing::Not;

struct Http : testing::Test {
    test::TempDir dir;
    std::string file = dir / "file";

    Result<DownloadReport> get(const std::string& url, std::uint64_t max_bytes = 0) {
        Download download;
        download.url = url;
        download.to = file;
        download.max_bytes = max_bytes;
        return download_file(download);
    }
    bool exists(const std::string& path) { return std::filesystem::exists(path); }
};

TEST_F(Http, brings_a_file_and_leaves_nothing_else) {
    HttpServer server([](const std::string&) { return http_answer("200 OK", "content"); });
    Result<DownloadReport> report = get(server.url("/f"));
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->bytes, 7U);
    EXPECT_EQ(test::file_text(file), "content");
    EXPECT_FALSE(exists(file + ".from"));
}

TEST_F(Http, names_status_and_first_line_of_an_error_page) {
    HttpServer server(
        [](const std::string&) { return http_answer("410 Gone", "\n<h1>withdrawn</h1>\nmore"); });
    Result<DownloadReport> report = get(server.url("/f?token=secret"));
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, Errc::network);
    EXPECT_THAT(report.error().message, HasSubstr("answered 410: \"<h1>withdrawn</h1>\""));
    EXPECT_THAT(report.error().message, Not(HasSubstr("secret")));
}

TEST_F(Http, fails_when_the_body_is_shorter_than_said_and_resumes_when_unchanged) {
    const std::string whole(100000, 'x');
    HttpServer server([&](const std::string& request) {
        if (request.find("Range: bytes=60000-") != std::string::npos &&
            request.find("If-Range: \"v1\"") != std::string::npos)
            return http_answer("206 Partial Content", whole.substr(60000),
                               "ETag: \"v1\"\r\nContent-Range: bytes 60000-99999/100000\r\n");
        return "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 100000\r\n\r\n" +
               whole.substr(0, 60000);
    });
    Result<DownloadReport> first = get(server.url("/f"));
    ASSERT_FALSE(first);
    EXPECT_EQ(first.error().code, Errc::network);
    Result<DownloadReport> second = get(server.url("/f"));
    ASSERT_TRUE(second) << second.error().message;
    EXPECT_EQ(second->resumed, 60000U);
    EXPECT_EQ(test::file_text(file), whole);
}

TEST_F(Http, starts_again_when_the_file_has_changed_since) {
    bool changed = false;
    HttpServer server([&](const std::string&) -> std::string {
        if (!changed) return "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 10\r\n\r\nold";
        return http_answer("200 OK", "new content", "ETag: \"v2\"\r\n");
    });
    ASSERT_FALSE(get(server.url("/f")));
    changed = true;
    Result<DownloadReport> report = get(server.url("/f"));
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->resumed, 0U);
    EXPECT_EQ(test::file_text(file), "new content");
}

TEST_F(Http, starts_again_when_the_server_continues_at_another_place) {
    HttpServer server([&](const std::string& request) -> std::string {
        if (request.find("Range:") != std::string::npos)
            return http_answer("206 Partial Content", "tent", "Content-Range: bytes 0-3/7\r\n");
        static int count = 0;
        if (count++ == 0) return "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 7\r\n\r\ncon";
        return http_answer("200 OK", "content");
    });
    ASSERT_FALSE(get(server.url("/f")));
    ASSERT_TRUE(get(server.url("/f")));
    EXPECT_EQ(test::file_text(file), "content");
}

TEST_F(Http, does_not_resume_on_a_weak_etag) {
    HttpServer server([](const std::string&) {
        return std::string("HTTP/1.1 200 OK\r\nETag: W/\"v1\"\r\nContent-Length: 10\r\n\r\nold");
    });
    ASSERT_FALSE(get(server.url("/f")));
    ASSERT_FALSE(get(server.url("/f")));
    EXPECT_THAT(server.requests().back(), Not(HasSubstr("Range:")));
}

TEST_F(Http, stops_at_the_size_it_was_told) {
    HttpServer server([](const std::string&) {
        return "HTTP/1.1 200 OK\r\n\r\n" + std::string(200000, 'x'); // no length, no end
    });
    Result<DownloadReport> report = get(server.url("/f"), 1000);
    ASSERT_FALSE(report);
    EXPECT_THAT(report.error().message, HasSubstr("larger than the 1000 bytes"));
    EXPECT_FALSE(exists(file));
}

TEST_F(Http, follows_no_redirect_to_a_file_or_to_plain_http) {
    std::string target;
    HttpServer server([&](const std::string&) {
        return http_answer("302 Found", "", "Location: " + target + "\r\n");
    });
    for (std::string where : {std::string("file:///etc/passwd"), server.url("/other")}) {
        target = where;
        Result<DownloadReport> report = get(server.url("/f"));
        ASSERT_FALSE(report);
        EXPECT_EQ(report.error().code, Errc::network);
        EXPECT_EQ(test::file_text(file), "");
    }
    EXPECT_EQ(server.requests().size(), 2U);
}

TEST_F(Http, refuses_other_schemes_and_plain_http_to_other_hosts) {
    for (const char* url : {"http://192.0.2.1/f", "file:///etc/passwd", "ftp://192.0.2.1/f"}) {
        Result<DownloadReport> report = get(url);
        ASSERT_FALSE(report);
        EXPECT_EQ(report.error().code, Errc::refused);
    }
}

TEST_F(Http, stops_on_request) {
    HttpServer server([](const std::string&) { return http_answer("200 OK", "content"); });
    CancelFlag cancel = true;
    Download download;
    download.url = server.url("/f");
    download.to = file;
    download.cancel = &cancel;
    EXPECT_FALSE(download_file(download));
}

} // namespace
} // namespace lakebed
