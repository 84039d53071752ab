#include "host/steps.h"

#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "host/host_paths.h"
#include "sys/files.h"

namespace lakebed {
namespace {

Result<std::string> random_text(int length) {
    static constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    std::string text;
    while (text.size() < static_cast<std::size_t>(length)) {
        unsigned char bytes[64];
        ssize_t count = ::getrandom(bytes, sizeof bytes, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail_errno("cannot get random bytes", errno);
        for (ssize_t i = 0; i < count && text.size() < static_cast<std::size_t>(length); ++i)
            // 248 is four times 62: above it some letters would be likelier than others.
            if (bytes[i] < 248) text.push_back(kAlphabet[bytes[i] % kAlphabet.size()]);
    }
    return text;
}

// True when it is there: a regular file with something in it.
Result<bool> is_there(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) {
        if (errno == ENOENT) return false;
        return fail_errno("cannot look at " + path, errno);
    }
    if (!S_ISREG(info.st_mode)) return fail(Errc::refused, path + " is no regular file");
    if (info.st_size == 0)
        return fail(Errc::refused, path + " is empty",
                    "write the secret into it, or remove the file");
    return true;
}

// Whole or not at all, and never over another: link() fails when the name is taken.
Result<void> write_new(const std::string& path, const std::string& content) {
    std::string temporary = path + ".new";
    ::unlink(temporary.c_str()); // of a killed run
    UniqueFd fd = TRY(open_file(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    Result<void> written = [&]() -> Result<void> {
        TRY(write_all(fd.get(), content).context(path));
        if (::fchmod(fd.get(), 0600) != 0)
            return fail_errno("cannot set the mode of " + path, errno);
        if (::fsync(fd.get()) != 0) return fail_errno("cannot sync " + path, errno);
        if (::link(temporary.c_str(), path.c_str()) != 0 && errno != EEXIST)
            return fail_errno("cannot make " + path, errno);
        return {};
    }();
    ::unlink(temporary.c_str());
    TRY(std::move(written));
    return fsync_directory(parent_of(path));
}

} // namespace

Result<void> ensure_secret(const StackSecret& secret) {
    if (TRY(is_there(secret.path))) return {};
    if (secret.generate == 0 && secret.value.empty())
        return fail(
            fmt::format("file \"{}\" of secret {} does not exist", secret.path, secret.name),
            "create it, or let lakebed generate the secret");
    std::string content = secret.value;
    if (secret.generate > 0) content = TRY(random_text(secret.generate));
    return write_new(secret.path, content + '\n');
}

} // namespace lakebed
