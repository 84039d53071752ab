#include "init/mc.h"

#include <map>

#include <unistd.h>

#include <fmt/format.h>

#include "init/run_job.h"
#include "init/secret_templates.h"
#include "sys/files.h"
#include "sys/process.h"

namespace lakebed {
namespace {

constexpr const char* kAlias = "lakebed";

// config.json is a secret template like any other.
constexpr const char* kConfig =
    R"({"version": "10", "aliases": {"lakebed": {"url": "@credential:url@",
"accessKey": "@credential:access-key@", "secretKey": "@credential:secret-key@",
"api": "S3v4", "path": "on"}}}
)";

std::string without(std::string text, const std::string& secret) {
    if (secret.empty()) return text;
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at))
        text.replace(at, secret.size(), "***");
    return text;
}

} // namespace

Result<MinioClient> MinioClient::make(std::string program, const S3Endpoint& endpoint,
                                      const S3Keys& root, const std::string& scratch) {
    MinioClient client;
    client.program_ = std::move(program);
    client.root_secret_ = root.secret_key;
    const std::string directory = scratch + "/mc";
    client.environment_ = {"MC_CONFIG_DIR=" + directory, "HOME=" + scratch, "NO_PROXY=*"};
    const std::map<std::string, std::string> values = {{"url", s3_url(endpoint, {})},
                                                       {"access-key", root.access_key},
                                                       {"secret-key", root.secret_key}};
    std::string config =
        TRY(fill_template(kConfig, SecretEscape::json, [&](const std::string& name) {
            return Result<std::string>(values.at(name));
        }));
    TRY(make_directories(directory, 0700));
    TRY(write_file_durably(directory + "/config.json", config, 0600,
                           {.uid = ::geteuid(), .gid = ::getegid()}));
    return client;
}

Result<void> MinioClient::run(std::vector<std::string> arguments, std::string input,
                              const std::vector<std::string>& secrets) {
    ChildSpec child;
    child.argv = {program_, "--quiet", "--no-color"};
    child.argv.insert(child.argv.end(), arguments.begin(), arguments.end());
    child.environment = environment_;
    child.input = std::move(input);
    child.timeout = std::chrono::seconds(60);
    ChildExit ended = TRY(run_child(child));
    if (ended.ok()) return {};
    std::string said = last_lines(ended.output, ended.errors);
    for (const std::string& secret : secrets) said = without(std::move(said), secret);
    if (said.find("already applied") != std::string::npos ||
        said.find("PolicyChangeAlreadyApplied") != std::string::npos)
        return {};
    return fail(fmt::format("mc {} {} {} failed{}: {}", arguments[0], arguments[1], arguments[2],
                            ended.timed_out ? " (no end within 60 s)" : "", said));
}

Result<void> MinioClient::create_policy(const std::string& name, const std::string& file) {
    return run({"admin", "policy", "create", kAlias, name, file}, "", {root_secret_});
}

Result<void> MinioClient::add_user(const S3Keys& keys) {
    return run({"admin", "user", "add", kAlias},
               fmt::format("{}\n{}\n", keys.access_key, keys.secret_key),
               {root_secret_, keys.secret_key});
}

Result<void> MinioClient::attach_policy(const std::string& policy, const std::string& user) {
    return run({"admin", "policy", "attach", kAlias, policy, "--user", user}, "", {root_secret_});
}

} // namespace lakebed
