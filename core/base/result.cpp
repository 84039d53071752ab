#include "base/result.h"

#include <cerrno>
#include <cstring>

namespace lakebed {

std::string errno_text(int error) {
    char buffer[128];
    return strerror_r(error, buffer, sizeof buffer); // the GNU form returns the text
}

tl::unexpected<Error> fail_errno(std::string_view what, int error) {
    return fail(std::string(what) + ": " + errno_text(error));
}

} // namespace lakebed
