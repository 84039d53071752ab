// S3Client: single requests to an S3 service, signed by libcurl or anonymous.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/probe_spec.h"
#include "verify/connection.h"

namespace lakebed {

struct S3Keys { // both empty: anonymous
    std::string access;
    std::string secret;
};

struct S3Reply {
    long status = 0;
    std::string body;
};

struct S3Client {
    std::string host;
    Port port = 0;
    std::string region;
    DeadlinePoint deadline;

    // `path` starts with '/', its segments plain ([A-Za-z0-9._-]). `query` without '?': sorted, each
    // part with its '=', '=' in keys encoded, for libcurl 7.88 signs any other form wrongly.
    // The reply may be of any status; an Error means that there was none.
    [[nodiscard]] Result<S3Reply> request(std::string_view method, const std::string& path,
                                          std::string_view query, const S3Keys& keys,
                                          const std::string& body = {}) const;
};

// "AccessDenied" of an error document; empty when there is none.
[[nodiscard]] std::string s3_error_code(std::string_view body);

// The names in the answer to ListBuckets.
[[nodiscard]] std::vector<std::string> bucket_names(std::string_view body);

// Whether a bucket policy lets anyone in: an Allow statement whose principal is "*".
[[nodiscard]] bool is_public_policy(std::string_view policy);

} // namespace lakebed
