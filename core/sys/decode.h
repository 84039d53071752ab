// Decoder: undoes gzip, xz or zstd in a thread of its own, so that decompressing one archive and
// writing its files take two processors, as `xz -d | tar -x` does.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "base/result.h"
#include "sys/unique_fd.h"

namespace lakebed {

class Decoder {
  public:
    // The next piece of the compressed data, valid until the next call; empty at the end. Called
    // from the decoder's thread.
    using NextBlock = std::function<Result<std::string_view>()>;

    [[nodiscard]] static Result<std::unique_ptr<Decoder>> start(NextBlock next);
    ~Decoder();

    [[nodiscard]] int fd() const { return out_.get(); } // read the decoded bytes here

    // No more will be read. What went wrong in decoding what was read; it explains an end that came
    // too early.
    [[nodiscard]] Result<void> finish();

  private:
    Decoder() = default;
    void run(NextBlock next, UniqueFd in);

    UniqueFd out_;
    Result<void> result_;
    std::jthread thread_;
};

// Whether these first bytes are of a format that the decoder undoes.
[[nodiscard]] bool is_compressed(std::string_view first_bytes);

} // namespace lakebed
