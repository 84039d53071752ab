// What libcurl signs is checked by a verifier of our own, and that one by an example of the
// vendor's.
#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "probe/s3_client.h"
#include "support/fake_server.h"
#include "sys/digest.h"

namespace lakebed {
namespace {

using test::Answer;
using test::FakeServer;
using test::HttpRequest;

std::string hmac(const std::string& key, const std::string& text) {
    unsigned char out[32];
    unsigned int size = 0;
    ::HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), out, &size);
    return {reinterpret_cast<char*>(out), size};
}

std::string hex(const std::string& bytes) {
    std::string out;
    for (char c : bytes) {
        char pair[3];
        std::snprintf(pair, sizeof pair, "%02x", static_cast<unsigned char>(c));
        out += pair;
    }
    return out;
}

std::string between(const std::string& text, const std::string& from, char to) {
    auto begin = text.find(from) + from.size();
    return text.substr(begin, text.find(to, begin) - begin);
}

// The signature that the request should carry, by the AWS Signature Version 4 document.
std::string expected_signature(const HttpRequest& request, const std::string& secret) {
    std::string authorization = request.header("Authorization");
    std::string names = between(authorization, "SignedHeaders=", ',');
    std::string scope = between(authorization, "Credential=", ',');
    scope.erase(0, scope.find('/') + 1);
    auto question = request.target.find('?');
    std::string query;
    if (question != std::string::npos) {
        std::vector<std::string> parts;
        std::istringstream in(request.target.substr(question + 1));
        for (std::string part; std::getline(in, part, '&');)
            parts.push_back(part.find('=') == std::string::npos ? part + "=" : part);
        std::sort(parts.begin(), parts.end());
        for (const std::string& part : parts) query += (query.empty() ? "" : "&") + part;
    }
    std::string canonical =
        request.method + "\n" + request.target.substr(0, question) + "\n" + query + "\n";
    std::istringstream in(names);
    for (std::string name; std::getline(in, name, ';');) {
        std::string lower = request.head;
        std::transform(lower.begin(), lower.end(), lower.begin(), ::tolower);
        auto at = lower.find("\r\n" + name + ": ") + name.size() + 4;
        canonical +=
            name + ":" + request.head.substr(at, request.head.find("\r\n", at) - at) + "\n";
    }
    canonical += "\n" + names + "\n" + request.header("x-amz-content-sha256");
    std::istringstream scope_in(scope);
    std::string key = "AWS4" + secret;
    for (std::string part; std::getline(scope_in, part, '/');) key = hmac(key, part);
    std::string date = request.header("X-Amz-Date").empty() ? request.header("x-amz-date")
                                                            : request.header("X-Amz-Date");
    return hex(
        hmac(key, "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + sha256_hex(canonical)));
}

// Sends it to a server that keeps what it got.
HttpRequest sent(const S3Request& request) {
    HttpRequest got;
    FakeServer server([&](const std::string& received) -> std::optional<Answer> {
        auto parsed = test::parse_http(received);
        if (!parsed) return std::nullopt;
        got = *parsed;
        return test::http_answer(200, "", true);
    });
    auto reply = s3_request({.host = "127.0.0.1", .port = server.port()},
                            S3Keys{"AKIDEXAMPLE", "wJalr/XUtnFEMI+K7MDENG"}, request);
    EXPECT_TRUE(reply.has_value());
    return got;
}

TEST(S3Verifier, AgreesWithTheVendorsExample) {
    HttpRequest request{.method = "GET",
                        .target = "/?lifecycle",
                        .head =
                            "GET /?lifecycle HTTP/1.1\r\nHost: examplebucket.s3.amazonaws.com\r\n"
                            "Authorization: AWS4-HMAC-SHA256 "
                            "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
                            "SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=x\r\n"
                            "x-amz-date: 20130524T000000Z\r\nx-amz-content-sha256: "
                            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\r\n",
                        .body = ""};
    EXPECT_EQ(expected_signature(request, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
              "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(S3Request, IsSignedRightlyInEveryFormThatWeUse) {
    const std::vector<S3Request> forms = {
        {},
        {.method = "PUT", .bucket = "warehouse"},
        {.method = "HEAD", .bucket = "warehouse"},
        {.bucket = "warehouse", .query = {{"policy", ""}}},
        {.bucket = "warehouse",
         .query = {{"prefix", "a b/c=d&e"}, {"list-type", "2"}, {"max-keys", "1"}}},
        {.method = "PUT", .bucket = "warehouse", .key = "spark-events/.keep"},
        {.method = "PUT",
         .bucket = "warehouse",
         .key = "dt=2026-11-22/ü ~(1)+.txt",
         .body = "hello"},
        {.method = "DELETE", .bucket = "warehouse", .key = "a=b"},
    };
    for (const S3Request& form : forms) {
        HttpRequest got = sent(form);
        EXPECT_EQ(got.method, form.method);
        EXPECT_EQ(got.body, form.body);
        EXPECT_EQ(got.header("x-amz-content-sha256"), sha256_hex(form.body));
        EXPECT_EQ(between(got.header("Authorization"), "Signature=", '\r'),
                  expected_signature(got, "wJalr/XUtnFEMI+K7MDENG"))
            << got.head;
    }
}

TEST(S3Request, EncodesKeysAndSortsQueries) {
    EXPECT_EQ(s3_url({.host = "127.0.0.1", .port = 9000},
                     {.bucket = "b", .key = "x=1/y z", .query = {{"z", ""}, {"a", "1/2"}}}),
              "http://127.0.0.1:9000/b/x%3D1/y%20z?a=1%2F2&z=");
    EXPECT_EQ(s3_url({.host = "::1", .port = 9000}, {}), "http://[::1]:9000/");
}

TEST(S3Request, GivesTheCodeOfAnErrorDocument) {
    FakeServer server([](const std::string& received) -> std::optional<Answer> {
        if (!test::parse_http(received)) return std::nullopt;
        return test::http_answer(404,
                                 "<Error><Code>NoSuchBucket</Code><Message>m</Message></Error>");
    });
    auto reply =
        s3_request({.host = "127.0.0.1", .port = server.port()}, std::nullopt, {.bucket = "b"});
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->status, 404);
    EXPECT_EQ(reply->code, "NoSuchBucket");
}

} // namespace
} // namespace lakebed
