#include "sys/copy.h"

#include <cerrno>
#include <vector>

#include <unistd.h>

#include "sys/files.h"

namespace lakebed {
namespace {

constexpr std::size_t kChunk = std::size_t{4} << 20;

// One chunk: bytes copied, 0 at the end, or -1 with errno.
ssize_t copy_chunk(int from, off64_t& offset, int to, std::vector<char>& buffer) {
    if (buffer.empty()) {
        ssize_t count = ::copy_file_range(from, &offset, to, nullptr, kChunk, 0);
        if (count >= 0) return count;
        // Between file systems, from special ones, or on kernels that cannot: by hand.
        if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) return -1;
        buffer.resize(std::size_t{1} << 20);
    }
    ssize_t count = ::pread(from, buffer.data(), buffer.size(), offset);
    if (count <= 0) return count;
    if (!write_all(to, {buffer.data(), static_cast<std::size_t>(count)})) return -1;
    offset += count;
    return count;
}

} // namespace

Result<std::uint64_t> copy_contents(int from, int to,
                                    const std::function<void(std::uint64_t)>& progress,
                                    const CancelFlag* cancel) {
    off64_t offset = 0;
    std::vector<char> buffer;
    while (true) {
        if (cancelled(cancel)) return fail("stopped on request");
        ssize_t count = copy_chunk(from, offset, to, buffer);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail_errno("cannot copy", errno);
        if (count == 0) return static_cast<std::uint64_t>(offset);
        if (progress) progress(static_cast<std::uint64_t>(offset));
    }
}

} // namespace lakebed
