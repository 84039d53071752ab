#include "sys/membership.h"

#include <array>
#include <string_view>

#include <grp.h>
#include <pwd.h>

namespace lakebed {

bool is_root_or_in_group(std::uint32_t uid, const std::string& group) {
    if (uid == 0) return true;
    std::array<char, 16384> user_text{}, group_text{};
    passwd user_data{}, *user = nullptr;
    struct group group_data {
    }, *found = nullptr;
    if (::getpwuid_r(uid, &user_data, user_text.data(), user_text.size(), &user) != 0 ||
        ::getgrnam_r(group.c_str(), &group_data, group_text.data(), group_text.size(), &found) !=
            0 ||
        user == nullptr || found == nullptr)
        return false;
    if (user->pw_gid == found->gr_gid) return true;
    for (char** member = found->gr_mem; *member != nullptr; ++member)
        if (std::string_view(*member) == user->pw_name) return true;
    return false;
}

} // namespace lakebed
