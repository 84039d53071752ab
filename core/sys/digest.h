// Sha256: the digest of a stream, fed in pieces.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"

namespace lakebed {

class Sha256 {
  public:
    Sha256();
    void update(std::string_view bytes);
    [[nodiscard]] std::string finish(); // lower-case hex; feed nothing after it

  private:
    struct Free {
        void operator()(void* context) const;
    };
    std::unique_ptr<void, Free> context_;
};

// Of the whole file behind `fd`, whatever its offset. `progress` gets the bytes read so far.
[[nodiscard]] Result<std::string>
sha256_of_fd(int fd, const std::function<void(std::uint64_t)>& progress = {});
[[nodiscard]] Result<std::string> sha256_of_file(const std::string& path);

} // namespace lakebed
