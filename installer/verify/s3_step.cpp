#include <algorithm>

#include <fmt/format.h>

#include "sys/files.h"
#include "verify/s3_client.h"
#include "verify/step_runner.h"

namespace lakebed {
namespace {

Result<S3Keys> read_keys(const std::string& access_file, const std::string& secret_file) {
    return S3Keys{TRY(read_secret_file(access_file)), TRY(read_secret_file(secret_file))};
}

std::string answer(const S3Reply& reply) {
    std::string code = s3_error_code(reply.body);
    return code.empty() ? fmt::format("HTTP {}", reply.status)
                        : fmt::format("HTTP {}, {}", reply.status, code);
}

Result<void> expect_status(const S3Reply& reply, long wanted, std::string_view what) {
    if (reply.status == wanted) return {};
    return fail(fmt::format("{}: {}", what, answer(reply)));
}

Result<void> expect_refused(const S3Reply& reply, std::string_view what, std::string_view hint) {
    if (reply.status == 403) return {};
    return fail(fmt::format("{} is not refused: {}", what, answer(reply)), std::string(hint));
}

Result<void> refuses_strangers(const S3Client& client) {
    // MinIO falls back to its vendor's keys when the credential file is missing.
    auto vendor = TRY(client.request("GET", "/", "", {"minioadmin", "minioadmin"}));
    TRY(expect_refused(vendor, "the vendor's default key",
                       "the server runs without its credentials: restart the service"));
    auto anonymous = TRY(client.request("GET", "/", "", {}));
    return expect_refused(anonymous, "anonymous listing of buckets", "remove the public policy");
}

Result<void> bucket_is_private(const S3Client& client, const std::string& bucket,
                               const S3Keys& root) {
    auto anonymous = TRY(client.request("GET", "/" + bucket, "list-type=2&max-keys=1", {}));
    TRY(expect_refused(anonymous, fmt::format("anonymous listing of bucket \"{}\"", bucket),
                       "remove the bucket's public policy"));
    auto policy = TRY(client.request("GET", "/" + bucket, "policy=", root));
    if (policy.status == 404 && s3_error_code(policy.body) == "NoSuchBucketPolicy") return {};
    TRY(expect_status(policy, 200, fmt::format("policy of bucket \"{}\"", bucket)));
    if (is_public_policy(policy.body))
        return fail(fmt::format("bucket \"{}\" has a public policy", bucket),
                    "remove the bucket's public policy");
    return {};
}

Result<void> buckets_are_there(const S3Client& client, const S3Step& step, const S3Keys& root) {
    auto listed = TRY(client.request("GET", "/", "", root));
    TRY(expect_status(listed, 200, "listing buckets as root"));
    auto names = bucket_names(listed.body);
    for (const std::string& bucket : step.buckets) {
        if (std::find(names.begin(), names.end(), bucket) == names.end())
            return fail(fmt::format("there is no bucket \"{}\"", bucket),
                        "the job that makes them: systemctl status lakebed-init-buckets");
        TRY(bucket_is_private(client, bucket, root));
    }
    return {};
}

Result<void> user_keeps_an_object(const S3Client& client, const S3StepUser& user,
                                  const std::string& token) {
    auto keys = TRY(read_keys(user.access_key_file, user.secret_key_file));
    std::string object = fmt::format("/{}/lakebed-verify/{}/object", user.bucket, token);
    auto round_trip = [&]() -> Result<void> {
        TRY(expect_status(TRY(client.request("PUT", object, "", keys, token)), 200, "PUT"));
        auto read = TRY(client.request("GET", object, "", keys));
        TRY(expect_status(read, 200, "GET"));
        if (read.body != token) return fail("GET gives back other bytes than PUT wrote");
        return expect_refused(TRY(client.request("GET", object, "", {})), "anonymous GET",
                              "remove the bucket's public policy");
    }();
    S3Client last = client; // cleaning up gets time of its own
    last.deadline = std::max(client.deadline,
                             std::chrono::steady_clock::now() + std::chrono::seconds(5));
    auto removed = last.request("DELETE", object, "", keys);
    TRY(std::move(round_trip).context(fmt::format("bucket \"{}\"", user.bucket)));
    TRY(expect_status(TRY(std::move(removed)), 204,
                      fmt::format("DELETE in bucket \"{}\"", user.bucket)));
    auto gone = TRY(client.request("GET", object, "", keys));
    return expect_status(gone, 404, fmt::format("GET after DELETE in bucket \"{}\"", user.bucket));
}

Result<void> user_is_fenced(const S3Client& client, const S3StepUser& user,
                            const std::string& bucket, const S3Keys& root,
                            const std::string& token) {
    auto keys = TRY(read_keys(user.access_key_file, user.secret_key_file));
    constexpr std::string_view kHint = "narrow the user's policy";
    auto listed = TRY(client.request("GET", "/" + bucket, "list-type=2&max-keys=1", keys));
    TRY(expect_refused(listed, fmt::format("listing bucket \"{}\"", bucket), kHint));
    std::string object = fmt::format("/{}/lakebed-verify/{}/object", bucket, token);
    auto written = TRY(client.request("PUT", object, "", keys, token));
    if (written.status == 200) TRY(client.request("DELETE", object, "", root));
    return expect_refused(written, fmt::format("writing to bucket \"{}\"", bucket), kHint);
}

} // namespace

Result<std::string> run_step(const S3Step& step, const StepContext& context) {
    S3Client client{step.host, step.port, step.region, context.deadline};
    auto root = TRY(read_keys(step.root_access_key_file, step.root_secret_key_file));
    TRY(refuses_strangers(client));
    TRY(buckets_are_there(client, step, root));
    for (const S3StepUser& user : step.users) {
        std::string who = fmt::format("user \"{}\"", user.name);
        TRY(user_keeps_an_object(client, user, context.token).context(who));
        for (const std::string& bucket : user.refused)
            TRY(user_is_fenced(client, user, bucket, root, context.token).context(who));
    }
    return fmt::format("refuses strangers, {} private buckets, {} users kept to theirs",
                       step.buckets.size(), step.users.size());
}

} // namespace lakebed
