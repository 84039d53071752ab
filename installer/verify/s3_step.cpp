#include <algorithm>

#include <fmt/format.h>

#include "probe/s3_client.h"
#include "sys/files.h"
#include "verify/public_policy.h"
#include "verify/step_runner.h"

namespace lakebed {
namespace {

struct Session {
    S3Endpoint endpoint;
    StepContext context;
    S3Keys root;

    Result<S3Reply> ask(const std::optional<S3Keys>& keys, const S3Request& request) const {
        return s3_request(endpoint, keys, request, time_left(context));
    }
    [[nodiscard]] std::string object_key() const {
        return fmt::format("lakebed-verify/{}/object", context.token);
    }
};

const S3Request kListBuckets{};

S3Request list_request(const std::string& bucket) {
    return {"GET", bucket, "", {{"list-type", "2"}, {"max-keys", "1"}}, ""};
}

Result<S3Keys> read_keys(const std::string& access_file, const std::string& secret_file) {
    return S3Keys{TRY(read_secret_file(access_file)), TRY(read_secret_file(secret_file))};
}

std::string answer(const S3Reply& reply) {
    return reply.code.empty() ? fmt::format("HTTP {}", reply.status)
                              : fmt::format("HTTP {}, {}", reply.status, reply.code);
}

Result<void> expect_status(const S3Reply& reply, int wanted, std::string_view what) {
    if (reply.status == wanted) return {};
    return fail(fmt::format("{}: {}", what, answer(reply)));
}

Result<void> expect_refused(const S3Reply& reply, std::string_view what, std::string_view hint) {
    if (reply.status == 403) return {};
    return fail(fmt::format("{} is not refused: {}", what, answer(reply)), std::string(hint));
}

Result<void> refuses_strangers(const Session& session) {
    // MinIO falls back to its vendor's keys when the credential file is missing.
    auto vendor = TRY(session.ask(S3Keys{"minioadmin", "minioadmin"}, kListBuckets));
    TRY(expect_refused(vendor, "the vendor's default key",
                       "the server runs without its credentials: restart the service"));
    auto anonymous = TRY(session.ask({}, kListBuckets));
    return expect_refused(anonymous, "anonymous listing of buckets", "remove the public policy");
}

Result<void> bucket_is_private(const Session& session, const std::string& bucket) {
    auto anonymous = TRY(session.ask({}, list_request(bucket)));
    TRY(expect_refused(anonymous, fmt::format("anonymous listing of bucket \"{}\"", bucket),
                       "remove the bucket's public policy"));
    auto policy = TRY(session.ask(session.root, {"GET", bucket, "", {{"policy", ""}}, ""}));
    if (policy.status == 404 && policy.code == "NoSuchBucketPolicy") return {};
    TRY(expect_status(policy, 200, fmt::format("policy of bucket \"{}\"", bucket)));
    if (is_public_policy(policy.body))
        return fail(fmt::format("bucket \"{}\" has a public policy", bucket),
                    "remove the bucket's public policy");
    return {};
}

Result<void> buckets_are_there(const Session& session, const std::vector<std::string>& buckets) {
    auto listed = TRY(session.ask(session.root, kListBuckets));
    TRY(expect_status(listed, 200, "listing buckets as root"));
    auto names = xml_elements(listed.body, "Name");
    for (const std::string& bucket : buckets) {
        if (std::find(names.begin(), names.end(), bucket) == names.end())
            return fail(fmt::format("there is no bucket \"{}\"", bucket),
                        "lakebed status init-buckets says why");
        TRY(bucket_is_private(session, bucket));
    }
    return {};
}

Result<void> user_keeps_an_object(const Session& session, const S3StepUser& user,
                                  const S3Keys& keys) {
    std::string object = session.object_key();
    S3Request get{"GET", user.bucket, object, {}, ""};
    auto round_trip = [&]() -> Result<void> {
        auto written =
            TRY(session.ask(keys, {"PUT", user.bucket, object, {}, session.context.token}));
        TRY(expect_status(written, 200, "PUT"));
        auto read = TRY(session.ask(keys, get));
        TRY(expect_status(read, 200, "GET"));
        if (read.body != session.context.token)
            return fail("GET gives back other bytes than PUT wrote");
        auto anonymous = TRY(session.ask({}, get));
        return expect_refused(anonymous, "anonymous GET", "remove the bucket's public policy");
    }();
    Session last = session;
    last.context = with_grace(session.context);
    auto removed = last.ask(keys, {"DELETE", user.bucket, object, {}, ""});
    TRY(std::move(round_trip));
    auto deleted = TRY(std::move(removed));
    TRY(expect_status(deleted, 204, "DELETE"));
    auto gone = TRY(session.ask(keys, get));
    return expect_status(gone, 404, "GET after DELETE");
}

Result<void> user_is_fenced(const Session& session, const std::string& bucket, const S3Keys& keys) {
    constexpr std::string_view kHint = "narrow the user's policy";
    auto listed = TRY(session.ask(keys, list_request(bucket)));
    TRY(expect_refused(listed, fmt::format("listing bucket \"{}\"", bucket), kHint));
    std::string object = session.object_key();
    auto written = TRY(session.ask(keys, {"PUT", bucket, object, {}, session.context.token}));
    if (written.status == 200) TRY(session.ask(session.root, {"DELETE", bucket, object, {}, ""}));
    return expect_refused(written, fmt::format("writing to bucket \"{}\"", bucket), kHint);
}

} // namespace

Result<std::string> run_step(const S3Step& step, const StepContext& context) {
    Session session{{step.host, step.port, step.region}, context, {}};
    session.root = TRY(read_keys(step.root_access_key_file, step.root_secret_key_file));
    TRY(refuses_strangers(session));
    TRY(buckets_are_there(session, step.buckets));
    for (const S3StepUser& user : step.users) {
        std::string who = fmt::format("user \"{}\"", user.name);
        auto keys = TRY(read_keys(user.access_key_file, user.secret_key_file).context(who));
        TRY(user_keeps_an_object(session, user, keys)
                .context(fmt::format("{}, bucket \"{}\"", who, user.bucket)));
        for (const std::string& bucket : user.refused)
            TRY(user_is_fenced(session, bucket, keys).context(who));
    }
    return fmt::format("refuses strangers, {} private buckets, {} users kept to theirs",
                       step.buckets.size(), step.users.size());
}

} // namespace lakebed
