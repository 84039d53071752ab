#include "verify/s3_client.h"

#include <algorithm>
#include <memory>

#include <curl/curl.h>
#include <fmt/format.h>

#include "sys/digest.h"

namespace lakebed {
namespace {

constexpr std::size_t kMaxBody = std::size_t{4} << 20;

struct CurlFree {
    void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

std::size_t collect(char* data, std::size_t, std::size_t size, void* into) {
    auto& body = *static_cast<std::string*>(into);
    if (body.size() + size > kMaxBody) return 0;
    body.append(data, size);
    return size;
}

std::string_view between(std::string_view text, std::string_view from, std::string_view to,
                         std::size_t& at) {
    std::size_t begin = text.find(from, at);
    std::size_t end = begin == text.npos ? begin : text.find(to, begin + from.size());
    if (end == text.npos) {
        at = text.npos;
        return {};
    }
    at = end + to.size();
    return text.substr(begin + from.size(), end - begin - from.size());
}

std::string without_blanks(std::string_view text) {
    std::string out;
    std::copy_if(text.begin(), text.end(), std::back_inserter(out),
                 [](char c) { return c != ' ' && c != '\n' && c != '\r' && c != '\t'; });
    return out;
}

} // namespace

Result<S3Reply> S3Client::request(std::string_view method, const std::string& path,
                                  std::string_view query, const S3Keys& keys,
                                  const std::string& body) const {
    std::unique_ptr<CURL, CurlFree> curl(curl_easy_init());
    if (!curl) return fail("libcurl cannot be initialised");
    CURL* handle = curl.get();
    std::string verb(method);
    std::string url = fmt::format("http://{}:{}{}{}{}", host, port, path,
                                  query.empty() ? "" : "?", query);
    auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline -
                                                             std::chrono::steady_clock::now());
    if (left.count() <= 0) return fail("no answer before the step's deadline");

    S3Reply reply;
    char why[CURL_ERROR_SIZE] = "";
    curl_slist* headers = nullptr;
    std::string digest = "x-amz-content-sha256: " + sha256_hex(body);
    for (const char* line : {digest.c_str(), "Expect:", "Content-Type: application/octet-stream"})
        headers = curl_slist_append(headers, line);
    std::unique_ptr<curl_slist, CurlFree> header_list(headers);
    std::string signer = fmt::format("aws:amz:{}:s3", region);

    curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, verb.c_str());
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(handle, CURLOPT_PROXY, ""); // loopback traffic never goes through a proxy
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &reply.body);
    if (method == "HEAD") curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
    if (method == "PUT") {
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body.data());
    }
    if (!keys.access.empty()) {
        curl_easy_setopt(handle, CURLOPT_AWS_SIGV4, signer.c_str());
        curl_easy_setopt(handle, CURLOPT_USERNAME, keys.access.c_str());
        curl_easy_setopt(handle, CURLOPT_PASSWORD, keys.secret.c_str());
    }
    CURLcode code = curl_easy_perform(handle);
    if (code != CURLE_OK)
        return fail(fmt::format("{} http://{}:{}{}: {}", method, host, port, path,
                                *why ? why : curl_easy_strerror(code)));
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &reply.status);
    return reply;
}

std::string s3_error_code(std::string_view body) {
    std::size_t at = 0;
    return std::string(between(body, "<Code>", "</Code>", at));
}

std::vector<std::string> bucket_names(std::string_view body) {
    std::vector<std::string> names;
    for (std::size_t at = 0; at != body.npos;) {
        auto bucket = between(body, "<Bucket>", "</Bucket>", at);
        std::size_t inner = 0;
        if (auto name = between(bucket, "<Name>", "</Name>", inner); !name.empty())
            names.emplace_back(name);
    }
    return names;
}

bool is_public_policy(std::string_view policy) {
    // Principal comes as "*", {"AWS":"*"} or {"AWS":["*"]}; a policy of ours never has one of them.
    std::string text = without_blanks(policy);
    for (std::string_view open :
         {"\"Principal\":\"*\"", "\"AWS\":\"*\"", "\"AWS\":[\"*\""})
        if (text.find(open) != text.npos) return true;
    return false;
}

} // namespace lakebed
