// LiveBlock: a few lines at the bottom of a terminal that are drawn again and again.
#pragma once

#include <string>
#include <vector>

#include "cli/io.h"

namespace lakebed {

class LiveBlock {
  public:
    explicit LiveBlock(const Io& io) : io_(io) {}
    LiveBlock(const LiveBlock&) = delete;
    LiveBlock& operator=(const LiveBlock&) = delete;
    ~LiveBlock() { clear(); }

    // Replaces the block; lines are cut at the width of the terminal.
    void draw(const std::vector<std::string>& lines);
    // Removes the block, so that ordinary lines can be written.
    void clear();

  private:
    [[nodiscard]] std::string erase() const;

    const Io& io_;
    std::size_t drawn_ = 0;
};

// The first `width` columns of UTF-8 text; colours are kept and ended.
[[nodiscard]] std::string cut(const std::string& text, std::size_t width);

} // namespace lakebed
