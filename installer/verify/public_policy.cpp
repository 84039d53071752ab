#include "verify/public_policy.h"

#include <algorithm>
#include <string>

namespace lakebed {

bool is_public_policy(std::string_view policy) {
    std::string text;
    std::copy_if(policy.begin(), policy.end(), std::back_inserter(text),
                 [](char c) { return c != ' ' && c != '\n' && c != '\r' && c != '\t'; });
    for (std::string_view open : {"\"Principal\":\"*\"", "\"AWS\":\"*\"", "\"AWS\":[\"*\""})
        if (text.find(open) != text.npos) return true;
    return false;
}

} // namespace lakebed
