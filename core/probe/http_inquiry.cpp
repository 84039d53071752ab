#include "probe/http_inquiry.h"

#include <utility>

#include <curl/curl.h>
#include <fmt/format.h>

#include "probe/codecs.h"

namespace lakebed {
namespace {

// What MinIO takes when its credential files are missing.
const S3Keys kVendorKeys{"minioadmin", "minioadmin"};

} // namespace

HttpInquiry::HttpInquiry(sd_event* loop, const ProbeSpec& spec, InquiryReport report)
    : pool_(HttpPool::of(loop)), spec_(spec), report_(std::move(report)) {}

HttpInquiry::~HttpInquiry() {
    pool_->cancel(transfer_);
}

void HttpInquiry::abort() {
    pool_->cancel(transfer_);
    connect_anew_ = true;
    vendor_key_refused_ = false;
}

void HttpInquiry::ask(const ProbeSecrets& secrets) {
    secrets_ = secrets;
    if (transfer_.handle() == nullptr) return report_({.detail = "cannot make a libcurl handle"});
    if (auto* http = std::get_if<HttpProbe>(&spec_.how)) {
        transfer_.prepare_get(http_origin(http->host, http->port) + http->path);
        return run();
    }
    asking_with_vendor_key_ = !vendor_key_refused_;
    ask_s3(asking_with_vendor_key_ ? kVendorKeys : S3Keys{secrets_.user, secrets_.password});
}

void HttpInquiry::ask_s3(const S3Keys& keys) {
    const auto& s3 = std::get<S3Probe>(spec_.how);
    transfer_.prepare_s3({.host = s3.host, .port = s3.port}, keys, {});
    run();
}

void HttpInquiry::run() {
    if (std::exchange(connect_anew_, false)) transfer_.use_new_connection();
    if (!pool_->start(transfer_, [this](int curl_code) { finish(curl_code); }))
        end({.detail = "libcurl refuses to start"});
}

void HttpInquiry::finish(int curl_code) {
    if (curl_code != CURLE_OK) return end({.detail = transfer_.failure(curl_code)});
    if (auto* http = std::get_if<HttpProbe>(&spec_.how)) return end(judge_http(*http));
    judge_s3();
}

ProbeOutcome HttpInquiry::judge_http(const HttpProbe& probe) const {
    if (probe.status != 0 && transfer_.status() != probe.status)
        return {.detail = fmt::format("HTTP status {} for {}, expected {}", transfer_.status(),
                                      probe.path, probe.status)};
    if (transfer_.body().find(probe.contains) == std::string::npos)
        return {.detail =
                    fmt::format("its {} does not contain \"{}\"", probe.path, probe.contains)};
    return {.ok = true, .detail = "answers"};
}

void HttpInquiry::judge_s3() {
    int status = transfer_.status();
    const std::string code = xml_element(transfer_.body(), "Code");
    bool list = transfer_.body().find("ListAllMyBucketsResult") != std::string::npos;
    if (status == 503)
        return end({.progress = true, .detail = "starting up (" + printable(code) + ")"});
    if (asking_with_vendor_key_) {
        if (status == 200 && list)
            return end({.fatal = true, .detail = "serves the vendor's default credentials"});
        if (status != 403 || code.empty())
            return end({.detail = fmt::format("is no object store (HTTP status {})", status)});
        asking_with_vendor_key_ = false;
        vendor_key_refused_ = true;
        return ask_s3({secrets_.user, secrets_.password});
    }
    if (status == 200 && list) return end({.ok = true, .detail = "answers"});
    if (status == 403)
        return end({.detail = fmt::format("refuses our access key ({})", printable(code))});
    end({.detail = fmt::format("HTTP status {} {}", status, printable(code))});
}

void HttpInquiry::end(ProbeOutcome outcome) {
    if (!outcome.ok) abort();
    report_(std::move(outcome));
}

} // namespace lakebed
