#include "verify/rest.h"

#include <algorithm>
#include <memory>

#include <curl/curl.h>
#include <fmt/format.h>

#include "probe/curl_transfer.h"

namespace lakebed {
namespace {

constexpr std::size_t kLongestBody = std::size_t{16} << 20;

struct Receiver {
    std::string body;
    const CancelFlag* cancel;
};

std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& receiver = *static_cast<Receiver*>(self);
    if (receiver.body.size() + size * count > kLongestBody) return 0;
    receiver.body.append(bytes, size * count);
    return size * count;
}

// Called once a second at least, so an interrupt does not wait for an answer.
int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return cancelled(static_cast<Receiver*>(self)->cancel) ? 1 : 0;
}

std::string clause(CURLcode code, const Receiver& receiver) {
    if (cancelled(receiver.cancel)) return "interrupted";
    if (code == CURLE_COULDNT_CONNECT) return "connection refused";
    if (code == CURLE_OPERATION_TIMEDOUT) return "no answer in time";
    if (code == CURLE_GOT_NOTHING) return "closed the connection";
    if (code == CURLE_WRITE_ERROR) return "answers with more than 16 MiB";
    return curl_easy_strerror(code);
}

} // namespace

Result<RestReply> rest_request(const HttpAddress& address, const RestRequest& request,
                               const StepContext& context) {
    CurlTransfer owner; // a ready handle, freed with it
    auto* easy = static_cast<CURL*>(owner.handle());
    Receiver receiver{"", context.cancel};
    std::string url = http_origin(address.host, address.port) + request.path;
    std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
        curl_slist_append(nullptr, "Content-Type: application/json"), curl_slist_free_all);
    auto limit = std::chrono::ceil<std::chrono::milliseconds>(
        std::min<Duration>(request.limit, time_left(context)));

    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*"); // never through http_proxy: it is our service
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "lakebed");
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(limit.count()));
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &receiver);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &receiver);
    if (request.method != "GET")
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    if (!request.body.empty()) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(request.body.size()));
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
    }
    CURLcode code = curl_easy_perform(easy);
    if (code != CURLE_OK)
        return fail(Errc::network,
                    fmt::format("{}:{}: {}", address.host, address.port, clause(code, receiver)));
    return RestReply{owner.status(), std::move(receiver.body)};
}

Result<Json> rest_get(const HttpAddress& address, const std::string& path,
                      const StepContext& context) {
    // A try among many: one that hangs must not use up the others' time.
    auto reply = TRY(rest_request(address, {"GET", path, "", std::chrono::seconds(10)}, context));
    std::string where = fmt::format("{}:{}{}", address.host, address.port, path);
    if (reply.status != 200)
        return fail(reply.status == 404 ? Errc::not_found : Errc::failed,
                    fmt::format("{} answers HTTP {}", where, reply.status));
    return parse_json(reply.body).context(where);
}

} // namespace lakebed
