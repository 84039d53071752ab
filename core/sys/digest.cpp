#include "sys/digest.h"

#include <cerrno>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "sys/files.h"

namespace lakebed {

void Sha256::Free::operator()(void* context) const {
    EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context));
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
    EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_.get()), EVP_sha256(), nullptr);
}

void Sha256::update(std::string_view bytes) {
    EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_.get()), bytes.data(), bytes.size());
}

std::string Sha256::finish() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_.get()), digest, &size);
    static constexpr char kHex[] = "0123456789abcdef";
    std::string text;
    text.reserve(size * 2);
    for (unsigned i = 0; i < size; ++i) {
        text.push_back(kHex[digest[i] >> 4]);
        text.push_back(kHex[digest[i] & 15]);
    }
    return text;
}

Result<std::string> sha256_of_fd(int fd, const std::function<void(std::uint64_t)>& progress) {
    Sha256 digest;
    std::vector<char> buffer(std::size_t{1} << 20);
    ::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    std::uint64_t offset = 0;
    while (true) {
        ssize_t count = ::pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail_errno("cannot read", errno);
        if (count == 0) return digest.finish();
        digest.update({buffer.data(), static_cast<std::size_t>(count)});
        offset += static_cast<std::uint64_t>(count);
        if (progress) progress(offset);
    }
}

Result<std::string> sha256_of_file(const std::string& path) {
    UniqueFd fd = TRY(open_file(path, O_RDONLY));
    return sha256_of_fd(fd.get()).context(path);
}

} // namespace lakebed
