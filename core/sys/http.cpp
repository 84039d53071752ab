#include "sys/http.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <memory>
#include <mutex>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <curl/curl.h>
#include <fmt/format.h>

#include "sys/files.h"

namespace lakebed {
namespace {

struct FreeCurl {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
    void operator()(char* text) const { curl_free(text); }
};
using Handle = std::unique_ptr<CURL, FreeCurl>;

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

std::string url_part(CURLU* url, CURLUPart part) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
    std::unique_ptr<char, FreeCurl> owner(text);
    return text;
}

bool is_loopback(const std::string& host) {
    return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

// Userinfo must not reach a message.
Result<std::string> checked_url(const std::string& text) {
    std::unique_ptr<CURLU, FreeCurl> url(curl_url());
    if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK)
        return fail(Errc::usage, "the url cannot be read");
    std::string scheme = url_part(url.get(), CURLUPART_SCHEME);
    if (scheme != "https" &&
        !(scheme == "http" && is_loopback(url_part(url.get(), CURLUPART_HOST))))
        return fail(Errc::refused, fmt::format("{} is not allowed, only https", scheme));
    curl_url_set(url.get(), CURLUPART_USER, nullptr, 0);
    curl_url_set(url.get(), CURLUPART_PASSWORD, nullptr, 0);
    curl_url_set(url.get(), CURLUPART_QUERY, nullptr, 0);
    return url_part(url.get(), CURLUPART_URL);
}

// One request. Callbacks run inside curl_easy_perform and throw nothing out of it: what is wrong is
// kept in `problem` and curl is told to stop.
struct Transfer {
    const Download& download;
    UniqueFd file;
    std::uint64_t have = 0;   // bytes asked to be skipped
    std::uint64_t offset = 0; // where the next byte goes
    bool started = false;
    CURL* handle = nullptr;
    std::string etag;
    std::string range_begin; // of Content-Range
    std::string error_body;
    std::string problem;
    bool useless_part = false;

    std::size_t stop(std::string why) {
        problem = std::move(why);
        return 0;
    }

    long status() const {
        long code = 0;
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &code);
        return code;
    }

    // The first byte of a good answer decides between going on and starting again.
    bool begin() {
        started = true;
        const long code = status();
        if (code == 206 && range_begin != std::to_string(have)) {
            useless_part = true;
            return stop("the server continued at another place than asked"), false;
        }
        offset = code == 206 ? have : 0;
        if (code != 206) {
            if (::ftruncate(file.get(), 0) != 0) return stop("cannot empty the part"), false;
            Result<void> noted =
                write_file_durably(download.to + ".from", etag + '\n' + download.url);
            if (!noted) return stop(noted.error().message), false;
        }
        return true;
    }

    std::size_t receive(const char* data, std::size_t size) {
        const long code = status();
        if (code != 200 && code != 206) {
            if (error_body.size() < 2048)
                error_body.append(data, std::min<std::size_t>(size, 2048));
            return size;
        }
        if (!started && !begin()) return 0;
        if (download.max_bytes > 0 && offset + size > download.max_bytes) {
            useless_part = true;
            return stop(fmt::format("the answer is larger than the {} bytes it should have",
                                    download.max_bytes));
        }
        for (std::size_t done = 0; done < size;) {
            ssize_t count =
                ::pwrite(file.get(), data + done, size - done, static_cast<off_t>(offset + done));
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return stop("cannot write " + download.to + ": " + errno_text(errno));
            done += static_cast<std::size_t>(count);
        }
        offset += size;
        if (download.progress) download.progress(offset);
        return size;
    }

    void header(std::string_view line) {
        if (line.starts_with("HTTP/")) { // of a redirect's next answer: forget the last one's
            etag.clear();
            range_begin.clear();
        }
        std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) return;
        std::string name = lower(std::string(line.substr(0, colon)));
        std::string_view value = line.substr(colon + 1);
        while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
        while (!value.empty() &&
               (value.back() == '\r' || value.back() == '\n' || value.back() == ' '))
            value.remove_suffix(1);
        // If-Range wants a strong validator (RFC 9110 §13.1.5): W/"…" would join two files.
        if (name == "etag" && value.starts_with('"')) etag = value;
        if (name == "content-range" && value.starts_with("bytes "))
            range_begin = value.substr(6, value.find('-') - 6);
    }
};

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* transfer) {
    std::size_t taken = static_cast<Transfer*>(transfer)->receive(data, size * count);
    // Zero bytes taken of none is no failure.
    return taken;
}
std::size_t on_header(char* data, std::size_t size, std::size_t count, void* transfer) {
    static_cast<Transfer*>(transfer)->header({data, size * count});
    return size * count;
}
int on_progress(void* transfer, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return cancelled(static_cast<Transfer*>(transfer)->download.cancel) ? 1 : 0;
}

// The ETag of the part that is there, when it is one of this url.
std::optional<std::string> remembered_etag(const Download& download) {
    Result<std::string> note = read_file(download.to + ".from", 65536);
    if (!note) return std::nullopt;
    std::size_t end = note->find('\n');
    if (end == 0 || end == std::string::npos || note->substr(end + 1) != download.url)
        return std::nullopt;
    return note->substr(0, end);
}

std::string first_line(const std::string& body) {
    std::string line;
    for (char c : body) {
        if (c == '\n' && line.find_first_not_of(' ') != std::string::npos) break;
        if (static_cast<unsigned char>(c) >= 0x20) line.push_back(c);
        if (line.size() >= 120) break;
    }
    return line;
}

void allow_protocols(CURL* handle) {
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https"); // http: checked_url() decides
    curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "https");
#else
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
    curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS, CURLPROTO_HTTPS);
#endif
}

Result<DownloadReport> attempt(const Download& download, const std::string& shown, bool resume) {
    Transfer transfer{download};
    transfer.file = TRY(open_file(download.to, O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
    Handle handle(curl_easy_init());
    if (!handle) return fail("cannot set up curl");
    transfer.handle = handle.get();
    std::unique_ptr<curl_slist, FreeCurl> headers;
    struct stat info {};
    std::optional<std::string> etag = resume ? remembered_etag(download) : std::nullopt;
    if (etag && ::fstat(transfer.file.get(), &info) == 0 && info.st_size > 0) {
        transfer.have = static_cast<std::uint64_t>(info.st_size);
        curl_easy_setopt(handle.get(), CURLOPT_RANGE, fmt::format("{}-", transfer.have).c_str());
        headers.reset(curl_slist_append(nullptr, ("If-Range: " + *etag).c_str()));
        curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
    }
    char error[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(handle.get(), CURLOPT_URL, download.url.c_str());
    allow_protocols(handle.get());
    curl_easy_setopt(handle.get(), CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(handle.get(), CURLOPT_MAXREDIRS, 5L);
    curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle.get(), CURLOPT_CONNECTTIMEOUT, 30L);
    curl_easy_setopt(handle.get(), CURLOPT_LOW_SPEED_LIMIT, 1024L);
    curl_easy_setopt(handle.get(), CURLOPT_LOW_SPEED_TIME,
                     static_cast<long>(download.stall.count()));
    curl_easy_setopt(handle.get(), CURLOPT_USERAGENT, "lakebed");
    curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(handle.get(), CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(handle.get(), CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(handle.get(), CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle.get(), CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(handle.get(), CURLOPT_XFERINFODATA, &transfer);
    CURLcode code = curl_easy_perform(handle.get());
    const long status = transfer.status();
    if (code == CURLE_OK && status == 200 && !transfer.started && !transfer.begin())
        return fail(transfer.problem);               // an empty body
    if (status == 416) transfer.useless_part = true; // our part is longer than the file
    auto drop_part = [&] {
        ::unlink(download.to.c_str());
        ::unlink((download.to + ".from").c_str());
    };
    if (transfer.useless_part) {
        drop_part();
        // What is there now is another file than the part was of: from the start, once.
        if (transfer.have > 0) return attempt(download, shown, false);
    }
    if (code == CURLE_ABORTED_BY_CALLBACK) return fail(Errc::network, "stopped on request");
    if (!transfer.problem.empty()) return fail(Errc::network, shown + ": " + transfer.problem);
    if (code != CURLE_OK)
        return fail(
            Errc::network, fmt::format("{}: {}", shown, *error ? error : curl_easy_strerror(code)),
            "check the network and the proxy settings (https_proxy, no_proxy), or use a depot");
    if (status != 200 && status != 206) {
        std::string said = first_line(transfer.error_body);
        return fail(Errc::network, fmt::format("{}: the server answered {}{}", shown, status,
                                               said.empty() ? "" : ": \"" + said + "\""));
    }
    ::unlink((download.to + ".from").c_str());
    const char* type = nullptr;
    curl_easy_getinfo(handle.get(), CURLINFO_CONTENT_TYPE, &type);
    return DownloadReport{transfer.offset, status == 206 ? transfer.have : 0, type ? type : ""};
}

} // namespace

Result<DownloadReport> download_file(const Download& download) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    std::string shown = TRY(checked_url(download.url));
    return attempt(download, shown, true);
}

} // namespace lakebed
