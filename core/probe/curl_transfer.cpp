#include "probe/curl_transfer.h"

#include <cctype>

#include <curl/curl.h>
#include <fmt/format.h>

#include "probe/codecs.h"
#include "sys/digest.h"

namespace lakebed {
namespace {

constexpr long kReceiveBuffer = 1024; // each probe keeps its own, and answers are short
constexpr std::size_t kLongestBody = std::size_t{4} << 20; // the rest is dropped

std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* userdata) {
    auto& body = *static_cast<std::string*>(userdata);
    std::size_t arrived = size * count;
    body.append(bytes, std::min(arrived, kLongestBody - std::min(body.size(), kLongestBody)));
    return arrived;
}

std::string percent_encode(std::string_view text, bool keep_slash) {
    std::string out;
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        bool plain = std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~';
        if (plain || (keep_slash && c == '/'))
            out += c;
        else
            out += fmt::format("%{:02X}", byte);
    }
    return out;
}

// curl_global_init is not thread-safe, a static is.
void init_curl_once() {
    static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
    static_cast<void>(done); // a failure shows as a null handle
}

} // namespace

std::string http_origin(const std::string& host, Port port) {
    bool v6 = host.find(':') != std::string::npos;
    return v6 ? fmt::format("http://[{}]:{}", host, port) : fmt::format("http://{}:{}", host, port);
}

std::string s3_url(const S3Endpoint& endpoint, const S3Request& request) {
    std::string url = http_origin(endpoint.host, endpoint.port) + "/";
    if (!request.bucket.empty()) url += percent_encode(request.bucket, false);
    if (!request.key.empty()) url += "/" + percent_encode(request.key, true);
    char separator = '?';
    for (const auto& [name, value] : request.query) {
        url += separator + percent_encode(name, false) + "=" + percent_encode(value, false);
        separator = '&';
    }
    return url;
}

void CurlTransfer::FreeEasy::operator()(void* easy) const noexcept {
    curl_easy_cleanup(easy);
}
void CurlTransfer::FreeList::operator()(void* list) const noexcept {
    curl_slist_free_all(static_cast<curl_slist*>(list));
}

CurlTransfer::CurlTransfer() {
    init_curl_once();
    easy_.reset(curl_easy_init());
}

void CurlTransfer::reset() {
    curl_easy_reset(easy_.get()); // keeps its connections
    body_.clear();
    headers_.reset();
    curl_easy_setopt(easy_.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy_.get(), CURLOPT_BUFFERSIZE, kReceiveBuffer);
    curl_easy_setopt(easy_.get(), CURLOPT_NOPROXY,
                     "*"); // never through http_proxy: it is our service
    curl_easy_setopt(easy_.get(), CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(easy_.get(), CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy_.get(), CURLOPT_USERAGENT, "lakebed");
    curl_easy_setopt(easy_.get(), CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy_.get(), CURLOPT_WRITEDATA, &body_);
}

void CurlTransfer::add_header(const std::string& line) {
    auto* list = curl_slist_append(static_cast<curl_slist*>(headers_.release()), line.c_str());
    headers_.reset(list);
    curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, list);
}

void CurlTransfer::prepare_get(const std::string& url) {
    reset();
    curl_easy_setopt(easy_.get(), CURLOPT_URL, url.c_str());
}

void CurlTransfer::prepare_s3(const S3Endpoint& endpoint, const std::optional<S3Keys>& keys,
                              const S3Request& request) {
    reset();
    curl_easy_setopt(easy_.get(), CURLOPT_URL, s3_url(endpoint, request).c_str());
    if (request.method == "HEAD") {
        curl_easy_setopt(easy_.get(), CURLOPT_NOBODY, 1L);
    } else if (request.method != "GET") {
        curl_easy_setopt(easy_.get(), CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
    if (request.method == "PUT" || request.method == "POST") {
        sent_ = request.body;
        curl_easy_setopt(easy_.get(), CURLOPT_POSTFIELDS, sent_.c_str());
        curl_easy_setopt(easy_.get(), CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(sent_.size()));
        add_header("Content-Type: application/octet-stream");
    }
    if (!keys) return;
    add_header("x-amz-content-sha256: " + sha256_hex(request.body));
    curl_easy_setopt(easy_.get(), CURLOPT_AWS_SIGV4,
                     fmt::format("aws:amz:{}:s3", endpoint.region).c_str());
    curl_easy_setopt(easy_.get(), CURLOPT_USERNAME, keys->access_key.c_str());
    curl_easy_setopt(easy_.get(), CURLOPT_PASSWORD, keys->secret_key.c_str());
}

void CurlTransfer::use_new_connection() {
    curl_easy_setopt(easy_.get(), CURLOPT_FRESH_CONNECT, 1L);
}

void CurlTransfer::set_timeout(Duration timeout) {
    auto ms = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
    curl_easy_setopt(easy_.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(ms));
}

int CurlTransfer::status() const {
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    return static_cast<int>(status);
}

std::string CurlTransfer::failure(int curl_code) const {
    auto code = static_cast<CURLcode>(curl_code);
    long error = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &error);
    if (code == CURLE_COULDNT_CONNECT && error != 0) return errno_clause(static_cast<int>(error));
    if (code == CURLE_GOT_NOTHING) return "closed the connection";
    if (code == CURLE_OPERATION_TIMEDOUT) return "no answer in time";
    if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY ||
        code == CURLE_HTTP2 || code == CURLE_RECV_ERROR)
        return "does not speak HTTP";
    std::string text = curl_easy_strerror(code);
    if (!text.empty())
        text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    return text;
}

} // namespace lakebed
