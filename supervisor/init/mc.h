// MinioClient: the few administrative calls that S3 has no form for, made with MinIO's `mc`.
//
// No secret is in an argument or an environment: the root key is in a 0600 config.json in the
// unit's private RuntimeDirectory (MC_HOST_… would not take every character), a new user's key on
// mc's standard input.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "probe/s3_client.h"

namespace lakebed {

class MinioClient {
  public:
    [[nodiscard]] static Result<MinioClient> make(std::string program, const S3Endpoint& endpoint,
                                                  const S3Keys& root, const std::string& scratch);

    // Each may be repeated: the second time changes nothing.
    [[nodiscard]] Result<void> create_policy(const std::string& name, const std::string& file);
    [[nodiscard]] Result<void> add_user(const S3Keys& keys); // or sets its secret key
    [[nodiscard]] Result<void> attach_policy(const std::string& policy, const std::string& user);

  private:
    MinioClient() = default;
    Result<void> run(std::vector<std::string> arguments, std::string input,
                     const std::vector<std::string>& secrets);

    std::string program_;
    std::vector<std::string> environment_;
    std::string root_secret_;
};

} // namespace lakebed
