#include "probe/http_inquiry.h"

#include <utility>

#include <sys/epoll.h>

#include <curl/curl.h>
#include <fmt/format.h>

#include "probe/codecs.h"

namespace lakebed {
namespace {

// What MinIO takes when its credential files are missing.
const S3Keys kVendorKeys{"minioadmin", "minioadmin"};

} // namespace

void HttpInquiry::FreeMulti::operator()(void* multi) const noexcept {
    curl_multi_cleanup(multi);
}

HttpInquiry::HttpInquiry(sd_event* loop, const ProbeSpec& spec, InquiryReport report)
    : loop_(loop), spec_(spec), report_(std::move(report)) {}

HttpInquiry::~HttpInquiry() {
    abort();
}

void HttpInquiry::abort() {
    if (multi_) curl_multi_remove_handle(multi_.get(), transfer_->handle());
    transfer_.reset();
    multi_.reset();
    sockets_.clear();
    timer_.reset();
    vendor_key_refused_ = false;
}

bool HttpInquiry::make_handles() {
    if (multi_) return true;
    transfer_ = std::make_unique<CurlTransfer>();
    multi_.reset(curl_multi_init());
    if (transfer_->handle() == nullptr || !multi_) return false;
    curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &HttpInquiry::on_socket_wish);
    curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &HttpInquiry::on_timer_wish);
    curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
    return true;
}

void HttpInquiry::ask(const ProbeSecrets& secrets) {
    secrets_ = secrets;
    if (!make_handles()) {
        transfer_.reset();
        multi_.reset();
        return report_({.detail = "cannot make a libcurl handle"});
    }
    if (auto* http = std::get_if<HttpProbe>(&spec_.how)) {
        transfer_->prepare_get(http_origin(http->host, http->port) + http->path);
        return run();
    }
    asking_with_vendor_key_ = !vendor_key_refused_;
    ask_s3(asking_with_vendor_key_ ? kVendorKeys : S3Keys{secrets_.user, secrets_.password});
}

void HttpInquiry::ask_s3(const S3Keys& keys) {
    const auto& s3 = std::get<S3Probe>(spec_.how);
    transfer_->prepare_s3({.host = s3.host, .port = s3.port}, keys, {});
    run();
}

void HttpInquiry::run() {
    // libcurl starts by asking for a timer, so nothing happens before we are back in the loop.
    if (curl_multi_add_handle(multi_.get(), transfer_->handle()) != CURLM_OK)
        end({.detail = "libcurl refuses to start"});
}

int HttpInquiry::on_socket_wish(void*, int fd, int what, void* userdata, void*) {
    auto* self = static_cast<HttpInquiry*>(userdata);
    self->sockets_.erase(fd);
    if (what == CURL_POLL_REMOVE) return 0;
    std::uint32_t events = 0;
    if (what & CURL_POLL_IN) events |= EPOLLIN;
    if (what & CURL_POLL_OUT) events |= EPOLLOUT;
    auto source = watch_fd(self->loop_, fd, events, [self, fd](std::uint32_t ready) {
        int happened = 0;
        if (ready & (EPOLLIN | EPOLLHUP)) happened |= CURL_CSELECT_IN;
        if (ready & EPOLLOUT) happened |= CURL_CSELECT_OUT;
        if (ready & EPOLLERR) happened |= CURL_CSELECT_ERR;
        self->drive(fd, happened);
    });
    if (!source) return -1;
    self->sockets_[fd] = *std::move(source);
    return 0;
}

int HttpInquiry::on_timer_wish(void*, long milliseconds, void* userdata) {
    auto* self = static_cast<HttpInquiry*>(userdata);
    self->timer_.reset();
    if (milliseconds < 0) return 0;
    auto timer = run_after(self->loop_, std::chrono::milliseconds(milliseconds),
                           [self] { self->drive(CURL_SOCKET_TIMEOUT, 0); });
    if (!timer) return -1;
    self->timer_ = *std::move(timer);
    return 0;
}

void HttpInquiry::drive(int fd, int curl_events) {
    int running = 0;
    curl_multi_socket_action(multi_.get(), fd, curl_events, &running);
    int left = 0;
    CURLMsg* message = curl_multi_info_read(multi_.get(), &left);
    if (message == nullptr || message->msg != CURLMSG_DONE) return;
    CURLcode code = message->data.result; // the message dies with the next call
    curl_multi_remove_handle(multi_.get(), transfer_->handle());
    finish(code);
}

void HttpInquiry::finish(int curl_code) {
    if (curl_code != CURLE_OK) return end({.detail = transfer_->failure(curl_code)});
    if (auto* http = std::get_if<HttpProbe>(&spec_.how)) return end(judge_http(*http));
    judge_s3();
}

ProbeOutcome HttpInquiry::judge_http(const HttpProbe& probe) const {
    if (probe.status != 0 && transfer_->status() != probe.status)
        return {.detail = fmt::format("HTTP status {} for {}, expected {}", transfer_->status(),
                                      probe.path, probe.status)};
    if (transfer_->body().find(probe.contains) == std::string::npos)
        return {.detail =
                    fmt::format("its {} does not contain \"{}\"", probe.path, probe.contains)};
    return {.ok = true, .detail = "answers"};
}

void HttpInquiry::judge_s3() {
    int status = transfer_->status();
    const std::string code = xml_element(transfer_->body(), "Code");
    bool list = transfer_->body().find("ListAllMyBucketsResult") != std::string::npos;
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
