// Constants of Thrift's binary protocol (thrift, doc/specs/thrift-binary-protocol.md, strict form).
#pragma once

#include <cstdint>

namespace lakebed::thrift {

enum Type : std::uint8_t {
    kStop = 0,
    kBool = 2,
    kByte = 3,
    kDouble = 4,
    kI16 = 6,
    kI32 = 8,
    kI64 = 10,
    kString = 11,
    kStruct = 12,
    kMap = 13,
    kSet = 14,
    kList = 15,
};

constexpr std::uint32_t kVersion1 = 0x80010000;

} // namespace lakebed::thrift
