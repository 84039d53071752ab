#include "sys/decode.h"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

namespace lakebed {
namespace {

struct FreeArchive {
    void operator()(archive* reader) const { archive_read_free(reader); }
};

// What libarchive's callback needs; nothing is thrown through it.
struct Source {
    const Decoder::NextBlock& next;
    std::string problem;
};

la_ssize_t read_source(archive* reader, void* data, const void** block) {
    auto* source = static_cast<Source*>(data);
    Result<std::string_view> bytes = source->next();
    if (!bytes) {
        source->problem = bytes.error().message;
        archive_set_error(reader, EIO, "%s", source->problem.c_str());
        return -1;
    }
    *block = bytes->data();
    return static_cast<la_ssize_t>(bytes->size());
}

tl::unexpected<Error> error_of(archive* reader) {
    const char* text = archive_error_string(reader);
    return fail(text ? text : "damaged");
}

// False once nobody reads any more.
Result<bool> pass_on(int to, const char* data, std::size_t size) {
    while (size > 0) {
        ssize_t count = ::write(to, data, size);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EPIPE) return false;
        if (count < 0) return fail_errno("cannot pass on decoded data", errno);
        data += count;
        size -= static_cast<std::size_t>(count);
    }
    return true;
}

Result<void> decode(const Decoder::NextBlock& next, int to) {
    std::unique_ptr<archive, FreeArchive> reader(archive_read_new());
    archive_read_support_filter_gzip(reader.get());
    archive_read_support_filter_xz(reader.get());
    archive_read_support_filter_zstd(reader.get());
    archive_read_support_format_raw(reader.get());
    Source source{next, {}};
    archive_entry* entry = nullptr;
    if (archive_read_open(reader.get(), &source, nullptr, read_source, nullptr) != ARCHIVE_OK ||
        archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK)
        return error_of(reader.get());
    while (true) {
        const void* data = nullptr;
        std::size_t size = 0;
        std::int64_t offset = 0;
        int status = archive_read_data_block(reader.get(), &data, &size, &offset);
        if (status == ARCHIVE_EOF) return {};
        if (status != ARCHIVE_OK) return error_of(reader.get());
        if (!TRY(pass_on(to, static_cast<const char*>(data), size))) return {};
    }
}

} // namespace

Result<std::unique_ptr<Decoder>> Decoder::start(NextBlock next) {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) return fail_errno("cannot make a pipe", errno);
    std::unique_ptr<Decoder> decoder(new Decoder);
    decoder->out_ = UniqueFd(fds[0]);
    UniqueFd in(fds[1]);
    // Larger than the 64 KiB of old, so that the two wait less for each other; refused is as well.
    ::fcntl(in.get(), F_SETPIPE_SZ, 1 << 20);
    decoder->thread_ =
        std::jthread([self = decoder.get(), next = std::move(next), fd = in.release()]() mutable {
            self->run(std::move(next), UniqueFd(fd));
        });
    return decoder;
}

Decoder::~Decoder() {
    out_.reset();
} // the thread's next write ends it; jthread waits for that

void Decoder::run(NextBlock next, UniqueFd in) {
    sigset_t pipe;
    ::sigemptyset(&pipe);
    ::sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr); // EPIPE is told by write()
    result_ = decode(next, in.get());
}

Result<void> Decoder::finish() {
    out_.reset();
    thread_.join();
    return result_;
}

bool is_compressed(std::string_view first_bytes) {
    using namespace std::string_view_literals;
    return first_bytes.starts_with("\x1f\x8b"sv) || first_bytes.starts_with("\xfd\x37zXZ"sv) ||
           first_bytes.starts_with("\x28\xb5\x2f\xfd"sv);
}

} // namespace lakebed
