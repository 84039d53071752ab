// JvmCommand: what a class archive must agree with, taken from the command line and environment of
// a running JVM; and the two texts around it: the @argfile and the class list.
//
// Measured with 17: an archive is refused when compressed pointers, object alignment, compact
// strings, verification or boot path differ. Which collector is used does not matter but for ZGC,
// which has no compressed oops. The class path may only be appended to, and directories on it
// cannot be archived.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lakebed {

// Content of RUNTIME/jvm.args: uses the archive, or records a class list beside it.
[[nodiscard]] std::string jvm_arguments_using(std::string_view archive);
[[nodiscard]] std::string jvm_arguments_recording(std::string_view runtime);
inline constexpr std::string_view kJvmArguments = "jvm.args";
inline constexpr std::string_view kClassList = "classes.list";

struct JvmCommand {
    std::string class_path;         // all of it
    std::vector<std::string> flags; // those that the archive must agree with
    bool operator==(const JvmCommand&) const = default;
};

// `arguments` with argv[0]; `environment` as NAME=value. Errc::refused: this JVM cannot use an
// archive at all.
[[nodiscard]] Result<JvmCommand> read_jvm_command(const std::vector<std::string>& arguments,
                                                  const std::vector<std::string>& environment);

// The leading part of a class path that can be archived: up to the first directory. Empty parts,
// which the JVM skips, are left out.
[[nodiscard]] std::string
archivable_class_path(std::string_view class_path,
                      const std::function<bool(const std::string&)>& is_directory);

// The lines that are a class list's; a last one without its end (still being written) is none.
struct ClassList {
    std::string text;
    int lines = 0;
};
[[nodiscard]] ClassList filter_class_list(std::string_view text);

// Parts of /proc/PID/{cmdline,environ}.
[[nodiscard]] std::vector<std::string> split_at_zeros(std::string_view text);

} // namespace lakebed
