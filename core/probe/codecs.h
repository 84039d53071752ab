// The two small protocols that no library of ours speaks, as pure functions from bytes to outcome.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "probe/probe.h"

namespace lakebed {

// AUTH (on a new connection) and PING in one write.
[[nodiscard]] std::string redis_request(const ProbeSecrets& secrets, bool authenticate);

// nullopt: more bytes are needed. `received` starts with the answer to the request.
[[nodiscard]] std::optional<ProbeOutcome> redis_outcome(std::string_view received,
                                                        bool authenticated);

// A call without arguments: TBinaryProtocol in its strict form, unframed.
[[nodiscard]] std::string thrift_call(std::string_view method, std::uint32_t sequence);

// Ready is a REPLY to this very call that carries the field `success` (or, of a method that returns
// nothing, no field at all); a declared exception and a TApplicationException are told by message.
[[nodiscard]] std::optional<ProbeOutcome>
thrift_outcome(std::string_view received, std::string_view method, std::uint32_t sequence);

// "connection refused": an errno value as a clause.
[[nodiscard]] std::string errno_clause(int error);

// Server text for a message: printable, one line, at most 200 characters.
[[nodiscard]] std::string printable(std::string_view text);

} // namespace lakebed
