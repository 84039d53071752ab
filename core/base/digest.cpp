#include "base/digest.h"

#include <openssl/evp.h>

#include <cassert>

namespace lakebed {

std::string sha256_hex(std::string_view bytes) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    [[maybe_unused]] int ok =
        EVP_Digest(bytes.data(), bytes.size(), digest, &length, EVP_sha256(), nullptr);
    assert(ok == 1 && length == 32);
    static constexpr char kHex[] = "0123456789abcdef";
    std::string text;
    text.reserve(64);
    for (unsigned int i = 0; i < length; ++i) {
        text += kHex[digest[i] >> 4];
        text += kHex[digest[i] & 15];
    }
    return text;
}

std::string digest8(std::string_view bytes) {
    return sha256_hex(bytes).substr(0, 8);
}

} // namespace lakebed
