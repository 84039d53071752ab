#include "probe/s3_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include "probe/curl_transfer.h"

namespace lakebed {

Result<S3Reply> s3_request(const S3Endpoint& endpoint, const std::optional<S3Keys>& keys,
                           const S3Request& request, Duration timeout) {
    CurlTransfer transfer;
    if (transfer.handle() == nullptr) return fail("cannot make a libcurl handle");
    transfer.prepare_s3(endpoint, keys, request);
    transfer.set_timeout(timeout);
    if (int code = curl_easy_perform(transfer.handle()); code != CURLE_OK)
        return fail(Errc::network,
                    fmt::format("the object store at {}:{} does not serve: {}", endpoint.host,
                                endpoint.port, transfer.failure(code)));
    S3Reply reply{.status = transfer.status(), .code = {}, .body = transfer.body()};
    reply.code = xml_element(reply.body, "Code");
    return reply;
}

std::vector<std::string> xml_elements(std::string_view document, std::string_view name) {
    const std::string open = fmt::format("<{}>", name);
    const std::string close = fmt::format("</{}>", name);
    std::vector<std::string> found;
    while (true) {
        auto begin = document.find(open);
        if (begin == std::string_view::npos) return found;
        document.remove_prefix(begin + open.size());
        auto end = document.find(close);
        if (end == std::string_view::npos) return found;
        found.emplace_back(document.substr(0, end));
        document.remove_prefix(end + close.size());
    }
}

std::string xml_element(std::string_view document, std::string_view name) {
    auto found = xml_elements(document, name);
    return found.empty() ? "" : found.front();
}

} // namespace lakebed
