// thrift: calls and replies of TBinaryProtocol (strict, unframed), as far as the metastore needs
// it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace lakebed::thrift {

struct Value;
struct Field;
using Struct = std::vector<Field>;
using List = std::vector<Value>; // a list or set; of a map, key and value in turn

struct Value {
    std::variant<bool, std::int32_t, std::int64_t, double, std::string, Struct, List> data;
    bool operator==(const Value&) const = default;
};

struct Field {
    std::int16_t id = 0;
    Value value;
    bool operator==(const Field&) const = default;
};

[[nodiscard]] const Value* find(const Struct& fields, std::int16_t id);
// A string field; empty when absent or of another type.
[[nodiscard]] std::string text(const Struct& fields, std::int16_t id);

// Lists are not encoded: no call we make has one (asserted).
[[nodiscard]] std::string encode_call(std::string_view method, std::int32_t sequence,
                                      const Struct& arguments);

struct Reply {
    std::string method;
    std::int32_t sequence = 0;
    bool exception = false; // TApplicationException: `fields` has 1 = message, 2 = type
    Struct fields;          // else: 0 = result, 1… = a declared exception
    bool operator==(const Reply&) const = default;
};

// nullopt: the reply is not complete yet. Bytes that are no reply, nest too deep or claim absurd
// sizes are an error.
[[nodiscard]] Result<std::optional<Reply>> decode_reply(std::string_view bytes);

} // namespace lakebed::thrift
