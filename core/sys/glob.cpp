#include "sys/glob.h"

#include <cstddef>

namespace lakebed {

// Linear back-tracking: of the stars seen only the last of each kind can still be widened, since an
// earlier one gains nothing that the later could not; "**" stands in when "*" meets a slash.
bool glob_matches(std::string_view pattern, std::string_view path) {
    struct Star {
        bool seen = false;
        std::size_t pattern = 0; // after the star
        std::size_t path = 0;    // what it has taken ends here
    };
    Star one, any;
    std::size_t p = 0, s = 0;
    while (true) {
        if (pattern.substr(p).starts_with("**")) {
            p += 2;
            any = Star{true, p, s};
            one.seen = false;
            continue;
        }
        if (p < pattern.size() && pattern[p] == '*') {
            one = Star{true, ++p, s};
            continue;
        }
        if (s == path.size() && p == pattern.size()) return true;
        if (s < path.size() && p < pattern.size() &&
            (pattern[p] == path[s] || (pattern[p] == '?' && path[s] != '/'))) {
            ++p;
            ++s;
            continue;
        }
        if (one.seen && one.path < path.size() && path[one.path] != '/') {
            s = ++one.path;
            p = one.pattern;
        } else if (any.seen && any.path < path.size()) {
            one.seen = false;
            s = ++any.path;
            p = any.pattern;
        } else {
            return false;
        }
    }
}

} // namespace lakebed
