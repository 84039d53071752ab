// CurlTransfer: one libcurl easy handle, set up for plain requests to a service of this stack.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/quantity.h"
#include "probe/s3_client.h"

namespace lakebed {

std::string http_origin(const std::string& host, Port port); // "http://[::1]:9000"

class CurlTransfer {
  public:
    CurlTransfer();

    void prepare_get(const std::string& url);
    void prepare_s3(const S3Endpoint& endpoint, const std::optional<S3Keys>& keys,
                    const S3Request& request);
    void use_new_connection(); // after prepare_*
    void set_timeout(Duration timeout);

    [[nodiscard]] void* handle() const { return easy_.get(); } // CURL*
    [[nodiscard]] int status() const;
    [[nodiscard]] const std::string& body() const { return body_; }

    // A clause for a CURLcode that is not CURLE_OK: "connection refused".
    [[nodiscard]] std::string failure(int curl_code) const;

  private:
    struct FreeEasy {
        void operator()(void* easy) const noexcept;
    };
    struct FreeList {
        void operator()(void* list) const noexcept;
    };

    void reset();
    void add_header(const std::string& line);

    std::string body_;
    std::string sent_;
    std::unique_ptr<void, FreeList> headers_; // curl_slist
    std::unique_ptr<void, FreeEasy> easy_;
};

} // namespace lakebed
