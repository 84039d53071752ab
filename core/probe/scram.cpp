#include <array>
#include <charconv>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "probe/sql_session.h"

namespace lakebed {
namespace {

constexpr std::size_t kDigest = 32;
using Digest = std::array<unsigned char, kDigest>;

std::optional<std::string> decode_base64(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0) return std::nullopt;
    std::string bytes(text.size() / 4 * 3, '\0');
    int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                               reinterpret_cast<const unsigned char*>(text.data()),
                               static_cast<int>(text.size()));
    if (size < 0) return std::nullopt;
    for (; text.ends_with('='); text.remove_suffix(1)) bytes.pop_back(); // decoded as zero bytes
    return bytes;
}

// Text up to `end`, which is dropped too.
std::optional<std::string_view> take_until(std::string_view& text, char end) {
    auto at = text.find(end);
    if (at == std::string_view::npos) return std::nullopt;
    std::string_view taken = text.substr(0, at);
    text.remove_prefix(at + 1);
    return taken;
}

// RFC 5802: StoredKey = H(HMAC(PBKDF2(password, salt, iterations), "Client Key")).
std::optional<Digest> stored_key(std::string_view password, std::string_view salt, int iterations) {
    Digest salted{}, client{}, stored{};
    unsigned int size = 0;
    constexpr std::string_view kLabel = "Client Key";
    if (PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                          reinterpret_cast<const unsigned char*>(salt.data()),
                          static_cast<int>(salt.size()), iterations, EVP_sha256(), kDigest,
                          salted.data()) != 1)
        return std::nullopt;
    if (HMAC(EVP_sha256(), salted.data(), kDigest,
             reinterpret_cast<const unsigned char*>(kLabel.data()), kLabel.size(), client.data(),
             &size) == nullptr)
        return std::nullopt;
    if (EVP_Digest(client.data(), kDigest, stored.data(), &size, EVP_sha256(), nullptr) != 1)
        return std::nullopt;
    return stored;
}

} // namespace

bool scram_matches(std::string_view verifier, std::string_view password) {
    constexpr std::string_view kPrefix = "SCRAM-SHA-256$";
    if (!verifier.starts_with(kPrefix)) return false;
    verifier.remove_prefix(kPrefix.size());
    auto iterations_text = take_until(verifier, ':');
    auto salt_text = take_until(verifier, '$');
    auto stored_text = take_until(verifier, ':');
    if (!iterations_text || !salt_text || !stored_text) return false;
    int iterations = 0;
    std::from_chars(iterations_text->data(), iterations_text->data() + iterations_text->size(),
                    iterations);
    auto salt = decode_base64(*salt_text);
    auto stored = decode_base64(*stored_text);
    if (iterations < 1 || iterations > 10'000'000 || !salt || !stored) return false;
    auto computed = stored_key(password, *salt, iterations);
    return computed && *stored == std::string(computed->begin(), computed->end());
}

} // namespace lakebed
