// s3_request: one signed (or anonymous) request to an object store, by libcurl's AWS SigV4.
//
// libcurl 7.88 signs only some forms rightly (supervision.md F18), so this file writes only those:
// queries sorted and with `=`, keys percent-encoded, x-amz-content-sha256 set by us.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/quantity.h"
#include "base/result.h"
#include "model/probe_spec.h"

namespace lakebed {

struct S3Endpoint {
    std::string host;
    Port port = 0;
    std::string region = "us-east-1";
};

struct S3Keys {
    std::string access_key;
    std::string secret_key;
};

struct S3Request {
    std::string method = "GET";
    std::string bucket;                       // empty: the service itself
    std::string key;                          // empty: the bucket itself
    std::map<std::string, std::string> query; // sorted by being a map
    std::string body;
};

struct S3Reply {
    int status = 0;
    std::string code; // <Code> of an error document: "NoSuchBucket"
    std::string body;
};

// Errc::network when there is no answer. Any answer, an error document too, is a reply.
[[nodiscard]] Result<S3Reply> s3_request(const S3Endpoint& endpoint,
                                         const std::optional<S3Keys>& keys,
                                         const S3Request& request,
                                         Duration timeout = std::chrono::seconds(10));

// Text of the first element of that name; enough for the few documents we read.
[[nodiscard]] std::string xml_element(std::string_view document, std::string_view name);
// Of every one, as <Name> in a list of buckets.
[[nodiscard]] std::vector<std::string> xml_elements(std::string_view document,
                                                    std::string_view name);

// "http://127.0.0.1:9000/warehouse/a%3Db?list-type=2"
[[nodiscard]] std::string s3_url(const S3Endpoint& endpoint, const S3Request& request);

} // namespace lakebed
