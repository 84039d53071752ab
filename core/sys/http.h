// download_file: one GET into a file, with resume; https only, but plain http to this host itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "sys/cancel.h"

namespace lakebed {

struct Download {
    std::string url;
    std::string to;              // written in place; "<to>.from" remembers what it is part of
    std::uint64_t max_bytes = 0; // more is an error; 0: no limit
    std::chrono::seconds stall =
        std::chrono::seconds(60); // slower than 1 KiB/s for that long fails
    std::function<void(std::uint64_t done)> progress;
    const CancelFlag* cancel = nullptr;
};

struct DownloadReport {
    std::uint64_t bytes = 0;   // of the whole file
    std::uint64_t resumed = 0; // of them, already there from an earlier try
    std::string content_type;
};

// Follows at most five redirects, to https only. A status other than 200 (206 when resuming) is an
// error that quotes the first line of the body. A part from an earlier try is continued only when
// the server proves (If-Range with a strong ETag) that it is still the same file. Errors are
// Errc::network; the part stays for the next try unless it is of no use.
[[nodiscard]] Result<DownloadReport> download_file(const Download& download);

} // namespace lakebed
