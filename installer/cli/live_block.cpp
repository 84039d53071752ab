#include "cli/live_block.h"

#include <ostream>

#include <fmt/format.h>

namespace lakebed {

std::string cut(const std::string& text, std::size_t width) {
    std::size_t columns = 0;
    bool painted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\x1b') { // ESC [ … m is no column wide
            std::size_t end = text.find('m', i);
            if (end == std::string::npos) break;
            painted = text.compare(i, end - i + 1, "\x1b[0m") != 0;
            i = end;
            continue;
        }
        if ((text[i] & 0xc0) == 0x80) continue;
        if (++columns > width) return text.substr(0, i) + (painted ? "\x1b[0m" : "");
    }
    return text;
}

std::string LiveBlock::erase() const {
    return drawn_ == 0 ? std::string() : fmt::format("\x1b[{}A\r\x1b[J", drawn_);
}

void LiveBlock::draw(const std::vector<std::string>& lines) {
    std::string out = erase();
    for (const std::string& line : lines)
        out += cut(line, static_cast<std::size_t>(io_.width - 1)) + "\n";
    *io_.err << out << std::flush;
    drawn_ = lines.size();
}

void LiveBlock::clear() {
    if (drawn_ > 0) *io_.err << erase() << std::flush;
    drawn_ = 0;
}

} // namespace lakebed
