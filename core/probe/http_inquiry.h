// HttpInquiry: probes over HTTP (http, s3), by libcurl's multi interface on the loop.
//
// Signing is libcurl's too. Measured PSS of a program with sd-bus: +5.0 MiB for libpq, +7.0 for
// libpq and libcrypto (what a signature of our own would need), +7.9 for libpq and libcurl: 0.9 MiB
// is what an HTTP client and a signer of our own would save lakebedd, of its 14.
#pragma once

#include <memory>

#include "probe/curl_transfer.h"
#include "probe/http_pool.h"
#include "probe/probe.h"
#include "probe/socket_inquiry.h"

namespace lakebed {

class HttpInquiry {
  public:
    HttpInquiry(sd_event* loop, const ProbeSpec& spec, InquiryReport report);
    HttpInquiry(const HttpInquiry&) = delete;
    HttpInquiry& operator=(const HttpInquiry&) = delete;
    ~HttpInquiry();

    [[nodiscard]] bool wants_secrets() const { return true; } // each request is signed anew
    void ask(const ProbeSecrets& secrets);
    void abort(); // the next question goes over a new connection

  private:
    void run();
    void finish(int curl_code);
    [[nodiscard]] ProbeOutcome judge_http(const HttpProbe& probe) const;
    void judge_s3();
    void ask_s3(const S3Keys& keys);
    void end(ProbeOutcome outcome);

    std::shared_ptr<HttpPool> pool_;
    ProbeSpec spec_;
    InquiryReport report_;
    ProbeSecrets secrets_;
    bool vendor_key_refused_ = false; // known for this service process: asked once a connection
    bool asking_with_vendor_key_ = false;
    bool connect_anew_ = false;
    CurlTransfer transfer_;
};

} // namespace lakebed
