#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_server.h"
#include "support/temp_dir.h"
#include "verify/verify.h"

namespace lakebed {
namespace {

using testing::HasSubstr;

// An object store with buckets `warehouse` (of user hive) and `checkpoints`, and what can be wrong
// with it. Whose request it is stands in its Authorization header; signatures are not checked.
struct ObjectStore {
    bool takes_the_vendors_key = false;
    bool lists_for_anyone = false;
    bool reads_for_anyone = false;
    bool hive_may_write_everywhere = false;
    bool loses_bytes = false;
    std::string policy;
    std::map<std::string, std::string> objects; // by path

    test::Answer answer(const test::HttpRequest& request) {
        std::string user = who(request);
        std::string path = request.target.substr(0, request.target.find('?'));
        std::string bucket = path.substr(1, path.find('/', 1) - 1);
        bool is_object = path.find('/', 1) != path.npos;
        if (user == "minioadmin" && !takes_the_vendors_key) return refused();
        if (request.target.find("policy=") != path.npos)
            return policy.empty()
                       ? test::http_answer(404, "<Error><Code>NoSuchBucketPolicy</Code></Error>")
                       : test::http_answer(200, policy);
        if (user.empty() && !(lists_for_anyone && !is_object) &&
            !(reads_for_anyone && is_object && request.method == "GET"))
            return refused();
        if (user == "hive" && bucket != "warehouse" && !hive_may_write_everywhere) return refused();
        if (path == "/")
            return test::http_answer(200, "<Buckets><Bucket><Name>warehouse</Name></Bucket>"
                                          "<Bucket><Name>checkpoints</Name></Bucket></Buckets>");
        if (!is_object) return test::http_answer(200, "<ListBucketResult/>");
        if (request.method == "PUT") {
            objects[path] = loses_bytes ? "" : request.body;
            return test::http_answer(200, "");
        }
        if (request.method == "DELETE") {
            objects.erase(path);
            return test::http_answer(204, "");
        }
        auto found = objects.find(path);
        return found == objects.end() ? test::http_answer(404, "<Code>NoSuchKey</Code>")
                                      : test::http_answer(200, found->second);
    }

    static test::Answer refused() {
        return test::http_answer(403, "<Error><Code>AccessDenied</Code></Error>");
    }
    static std::string who(const test::HttpRequest& request) {
        std::string header = request.header("Authorization");
        auto begin = header.find("Credential=");
        if (begin == header.npos) return "";
        begin += 11;
        return header.substr(begin, header.find('/', begin) - begin);
    }
};

class S3StepTest : public testing::Test {
  protected:
    ObjectStore store;
    test::TempDir directory;
    test::FakeServer server{[this](const std::string& received) -> std::optional<test::Answer> {
        auto request = test::parse_http(received);
        if (!request) return std::nullopt;
        return store.answer(*request);
    }};

    StepResult run(std::vector<std::string> buckets = {"warehouse", "checkpoints"}) {
        S3Step step{"127.0.0.1", server.port(), "us-east-1"};
        step.root_access_key_file = directory.write("root", "root");
        step.root_secret_key_file = directory.write("root-secret", "root-secret");
        step.buckets = std::move(buckets);
        step.users = {{"hive",
                       directory.write("hive", "hive"),
                       directory.write("hive-secret", "hive-secret"),
                       "warehouse",
                       {"checkpoints"}}};
        return run_verify({{"s3", "minio", std::chrono::seconds(10), step}}).steps.at(0);
    }
};

TEST_F(S3StepTest, AStoreThatKeepsItsPromisesPassesAndIsLeftAsItWas) {
    auto result = run();
    EXPECT_TRUE(result.ok) << result.detail;
    EXPECT_TRUE(store.objects.empty());
}

TEST_F(S3StepTest, TheVendorsKeyMustBeRefused) {
    store.takes_the_vendors_key = true;
    EXPECT_THAT(run().detail, HasSubstr("the vendor's default key is not refused"));
}

TEST_F(S3StepTest, AMissingBucketIsNamed) {
    EXPECT_THAT(run({"warehouse", "savepoints"}).detail, HasSubstr("no bucket \"savepoints\""));
}

TEST_F(S3StepTest, APublicPolicyIsFoundEvenWhenListingIsRefused) {
    store.policy = R"({"Statement":[{"Effect":"Allow","Principal":{"AWS":["*"]}}]})";
    EXPECT_THAT(run().detail, HasSubstr("\"warehouse\" has a public policy"));
}

TEST_F(S3StepTest, ListingByAnyoneIsFound) {
    store.lists_for_anyone = true;
    EXPECT_THAT(run().detail, HasSubstr("anonymous listing of buckets is not refused"));
}

TEST_F(S3StepTest, ReadingByAnyoneIsFoundAndTheObjectRemoved) {
    store.reads_for_anyone = true;
    EXPECT_THAT(run().detail, HasSubstr("anonymous GET is not refused"));
    EXPECT_TRUE(store.objects.empty());
}

TEST_F(S3StepTest, AUserWhoMayWriteElsewhereIsFoundAndTheObjectRemoved) {
    store.hive_may_write_everywhere = true;
    EXPECT_THAT(run().detail, HasSubstr("bucket \"checkpoints\" is not refused"));
    EXPECT_TRUE(store.objects.empty());
}

TEST_F(S3StepTest, LostBytesAreFoundAndTheObjectRemoved) {
    store.loses_bytes = true;
    EXPECT_THAT(run().detail, HasSubstr("other bytes"));
    EXPECT_TRUE(store.objects.empty());
}

} // namespace
} // namespace lakebed
