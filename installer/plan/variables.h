// Variables: what @names@ in strings of conf/ files stand for, for one service of a stack.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/diagnostics.h"
#include "base/value.h"
#include "plan/stack.h"

namespace lakebed {

using ValueLookup = std::function<std::optional<Value>(std::string_view name)>;
using UnknownVariable = std::function<void(std::string_view name, const SourcePos& pos)>;

// Calls `use` for each @name@ in `text`, with the offset of its first @.
void for_each_variable(std::string_view text,
                       const std::function<void(std::string_view name, std::size_t at)>& use);

// Replaces variables in every string of `value`. A whole string that is one variable takes the
// variable's own type: port = "@port@" becomes an integer. In an array, a variable that is an array
// stands for its items.
[[nodiscard]] Value interpolate_value(const Value& value, const ValueLookup& lookup,
                                      const UnknownVariable& unknown);

// Line and column of an offset into a TOML string that begins at `start`.
[[nodiscard]] SourcePos text_position(std::string_view text, std::size_t at,
                                      const SourcePos& start);

// A value as it stands inside a longer string; arrays are joined with ":".
[[nodiscard]] std::string plain_text(const Value& value);

// "::1" to "[::1]"; others as they are.
[[nodiscard]] std::string url_host(const std::string& address);
// Where clients on this machine reach something bound to `listen`.
[[nodiscard]] std::string connect_address(const std::string& listen);
// IPAddressAllow= of a service that is bound to `listen`.
[[nodiscard]] std::string ip_allow(const std::string& listen,
                                   const std::vector<std::string>& allow_from);

// All variables of one service, by name; values of services and secrets included.
struct Scope {
    std::map<std::string, Value> values;
    std::map<std::string, bool> from_site; // names whose text the operator wrote
};

// What others may read of a service, as @SERVICE.name@.
[[nodiscard]] bool is_public_variable(std::string_view name);

} // namespace lakebed
