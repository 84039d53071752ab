#include <algorithm>

#include <fmt/format.h>

#include "init/mc.h"
#include "init/run_job.h"
#include "probe/s3_client.h"
#include "sys/digest.h"
#include "sys/files.h"

namespace lakebed {
namespace {

struct Store {
    S3Endpoint endpoint;
    S3Keys root;
};

Result<S3Reply> ask(const Store& store, const S3Request& request) {
    S3Reply reply = TRY(s3_request(store.endpoint, store.root, request));
    if (reply.status == 503)
        return fail(Errc::temporary, "the object store is not ready: " + reply.code);
    return reply;
}

tl::unexpected<Error> unexpected_reply(std::string_view what, const S3Reply& reply) {
    return fail(fmt::format("{}: the object store answers {} {}", what, reply.status, reply.code));
}

Result<std::vector<std::string>> list_buckets(const Store& store) {
    S3Reply reply = TRY(ask(store, {}));
    if (reply.status == 403)
        return fail(Errc::refused, "the object store refuses its root key (" + reply.code + ")",
                    "was the secret changed without a restart of the store?");
    if (reply.status != 200) return unexpected_reply("cannot list the buckets", reply);
    return xml_elements(reply.body, "Name");
}

Result<void> make_bucket(const Store& store, const std::string& bucket) {
    S3Request request{.method = "PUT", .bucket = bucket};
    if (store.endpoint.region != "us-east-1") // which must not be named
        request.body = fmt::format("<CreateBucketConfiguration><LocationConstraint>{}"
                                   "</LocationConstraint></CreateBucketConfiguration>",
                                   store.endpoint.region);
    S3Reply reply = TRY(ask(store, request));
    bool there = reply.status == 200 || reply.code == "BucketAlreadyOwnedByYou";
    if (!there) return unexpected_reply(fmt::format("cannot make bucket \"{}\"", bucket), reply);
    reply = TRY(ask(store, {.method = "HEAD", .bucket = bucket}));
    if (reply.status != 200)
        return unexpected_reply(fmt::format("bucket \"{}\" was made, but is not there", bucket),
                                reply);
    return {};
}

Result<void> check_private(const Store& store, const std::string& bucket) {
    S3Reply policy = TRY(ask(store, {.bucket = bucket, .query = {{"policy", ""}}}));
    S3Reply anonymous = TRY(s3_request(store.endpoint, std::nullopt,
                                       {.bucket = bucket, .query = {{"list-type", "2"}}}));
    if (policy.status == 404 && anonymous.status == 403) return {};
    return fail(
        Errc::refused,
        fmt::format("bucket \"{}\" is not private: {}", bucket,
                    anonymous.status == 403 ? "it has a bucket policy" : "anybody may list it"),
        "run: mc anonymous set private");
}

Result<void> ensure_object(const Store& store, const S3Object& object) {
    S3Request request{.method = "HEAD", .bucket = object.bucket, .key = object.key};
    S3Reply reply = TRY(ask(store, request));
    if (reply.status == 200) return {};
    if (reply.status != 404) return unexpected_reply("cannot look for it", reply);
    request.method = "PUT";
    reply = TRY(ask(store, request));
    if (reply.status != 200) return unexpected_reply("cannot write it", reply);
    return {};
}

Result<bool> user_can_work(const Store& store, const S3User& user, const S3Keys& keys) {
    S3Request request;
    if (!user.bucket.empty())
        request = {.bucket = user.bucket, .query = {{"list-type", "2"}, {"max-keys", "1"}}};
    S3Reply reply = TRY(s3_request(store.endpoint, keys, request));
    return reply.status == 200;
}

Result<void> ensure_user(const Store& store, const S3User& user, const S3Job& job,
                         const JobContext& context, JobLedger& ledger) {
    S3Keys keys{.access_key = TRY(read_job_secret(context, user.access_key_file)),
                .secret_key = TRY(read_job_secret(context, user.secret_key_file))};
    const std::string policy_file = job_path(context, user.policy_file);
    const std::string digest = TRY(sha256_of_file(policy_file));
    const std::string policy_thing = "policy " + user.policy;
    auto noted = ledger.record().made.find(policy_thing);
    bool policy_is_ours = noted != ledger.record().made.end() && noted->second == digest;
    if (policy_is_ours && TRY(user_can_work(store, user, keys))) return {};

    auto mc = TRY(MinioClient::make(job.mc, store.endpoint, store.root, context.runtime));
    TRY(mc.create_policy(user.policy, policy_file));
    TRY(mc.add_user(keys));
    TRY(mc.attach_policy(user.policy, keys.access_key));
    if (!TRY(user_can_work(store, user, keys)))
        return fail(fmt::format("it was made, but may not {}",
                                user.bucket.empty() ? "list buckets"
                                                    : "list bucket \"" + user.bucket + "\""),
                    "look at its policy: " + policy_file);
    ledger.note(policy_thing, digest);
    return {};
}

} // namespace

Result<void> run_s3_job(const S3Job& job, const JobContext& context, JobLedger& ledger) {
    Store store{.endpoint = {.host = job.host, .port = job.port, .region = job.region},
                .root = {.access_key = TRY(read_job_secret(context, job.access_key_file)),
                         .secret_key = TRY(read_job_secret(context, job.secret_key_file))}};
    const auto there = TRY(list_buckets(store));
    std::vector<std::string> missing; // nothing is made before all are known to be allowed
    for (const std::string& bucket : job.buckets) {
        bool exists = std::find(there.begin(), there.end(), bucket) != there.end();
        auto present = exists ? std::optional<std::string>("") : std::nullopt;
        if (TRY(ledger.must_make("bucket " + bucket, fmt::format("bucket \"{}\"", bucket),
                                 present)))
            missing.push_back(bucket);
    }
    for (const std::string& bucket : missing) TRY(make_bucket(store, bucket));
    for (const std::string& bucket : job.buckets) {
        TRY(check_private(store, bucket));
        ledger.note("bucket " + bucket, "");
    }
    TRY(ledger.save());
    for (const S3Object& object : job.objects)
        TRY(ensure_object(store, object)
                .context(fmt::format("object \"{}\" in bucket \"{}\"", object.key, object.bucket)));
    for (const S3User& user : job.users)
        TRY(ensure_user(store, user, job, context, ledger)
                .context(fmt::format("object store user \"{}\"", user.name)));
    return {};
}

} // namespace lakebed
