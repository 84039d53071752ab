#include "verify/thrift.h"

#include "probe/thrift_types.h"

#include <bit>
#include <cassert>

#include <fmt/format.h>

namespace lakebed::thrift {
namespace {

constexpr std::uint8_t kCall = 1, kReply = 2, kException = 3;
constexpr int kMaxDepth = 32;
constexpr std::size_t kMaxReply = std::size_t{16} << 20;

template <class Unsigned> void put(std::string& out, Unsigned value) {
    for (int shift = static_cast<int>(sizeof value - 1) * 8; shift >= 0; shift -= 8)
        out += static_cast<char>(value >> shift);
}

void put_string(std::string& out, std::string_view text) {
    put(out, static_cast<std::uint32_t>(text.size()));
    out += text;
}

void put_struct(std::string& out, const Struct& fields);

struct ValueWriter {
    std::string& out;
    void operator()(bool value) const { out += static_cast<char>(value); }
    void operator()(std::int32_t value) const { put(out, static_cast<std::uint32_t>(value)); }
    void operator()(std::int64_t value) const { put(out, static_cast<std::uint64_t>(value)); }
    void operator()(double value) const { put(out, std::bit_cast<std::uint64_t>(value)); }
    void operator()(const std::string& value) const { put_string(out, value); }
    void operator()(const Struct& value) const { put_struct(out, value); }
    void operator()(const List&) const { assert(!"lists are not encoded"); }
};

void put_struct(std::string& out, const Struct& fields) {
    static constexpr Type kTypes[] = {kBool, kI32, kI64, kDouble, kString, kStruct, kList};
    for (const Field& field : fields) {
        out += static_cast<char>(kTypes[field.value.data.index()]);
        put(out, static_cast<std::uint16_t>(field.id));
        std::visit(ValueWriter{out}, field.value.data);
    }
    out += static_cast<char>(kStop);
}

struct Incomplete {};
struct Malformed {
    std::string why;
};
using Problem = std::variant<std::monostate, Incomplete, Malformed>;

// Stays at the first problem: every read after it yields zeros, and loops end.
class Reader {
  public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}

    template <class Unsigned> Unsigned number() {
        if (!need(sizeof(Unsigned))) return 0;
        Unsigned value = 0;
        for (std::size_t i = 0; i < sizeof(Unsigned); ++i)
            value = static_cast<Unsigned>(value << 8 | static_cast<std::uint8_t>(bytes_[at_++]));
        return value;
    }

    std::string string() {
        auto size = number<std::uint32_t>();
        if (size > kMaxReply) malformed(fmt::format("a string of {} bytes", size));
        if (!need(size)) return {};
        at_ += size;
        return std::string(bytes_.substr(at_ - size, size));
    }

    Struct structure(int depth) {
        Struct fields;
        if (depth > kMaxDepth) malformed("nested too deep");
        while (good()) {
            auto type = number<std::uint8_t>();
            if (type == kStop) break;
            auto id = static_cast<std::int16_t>(number<std::uint16_t>());
            fields.push_back({id, value(type, depth)});
        }
        return fields;
    }

    [[nodiscard]] bool good() const { return problem_.index() == 0; }
    [[nodiscard]] const Problem& problem() const { return problem_; }
    void malformed(std::string why) {
        if (good()) problem_ = Malformed{std::move(why)};
    }

  private:
    bool need(std::size_t count) {
        if (good() && bytes_.size() - at_ < count) problem_ = Incomplete{};
        return good();
    }

    Value value(std::uint8_t type, int depth) {
        switch (type) {
        case kBool:
            return {number<std::uint8_t>() != 0};
        case kByte:
            return {static_cast<std::int32_t>(static_cast<std::int8_t>(number<std::uint8_t>()))};
        case kI16:
            return {static_cast<std::int32_t>(static_cast<std::int16_t>(number<std::uint16_t>()))};
        case kI32:
            return {static_cast<std::int32_t>(number<std::uint32_t>())};
        case kI64:
            return {static_cast<std::int64_t>(number<std::uint64_t>())};
        case kDouble:
            return {std::bit_cast<double>(number<std::uint64_t>())};
        case kString:
            return {string()};
        case kStruct:
            return {structure(depth + 1)};
        case kMap: {
            auto key = number<std::uint8_t>();
            auto mapped = number<std::uint8_t>();
            return {elements(key, mapped, depth + 1)};
        }
        case kSet:
        case kList: {
            auto element = number<std::uint8_t>();
            return {elements(element, kStop, depth + 1)};
        }
        default:
            malformed(fmt::format("unknown type {}", type));
            return {};
        }
    }

    List elements(std::uint8_t first, std::uint8_t second, int depth) {
        List list;
        auto count = number<std::uint32_t>();
        if (depth > kMaxDepth) malformed("nested too deep");
        if (count > kMaxReply) malformed(fmt::format("a container of {} elements", count));
        for (std::uint32_t i = 0; i < count && good(); ++i) {
            list.push_back(value(first, depth));
            if (second != kStop) list.push_back(value(second, depth));
        }
        return list;
    }

    std::string_view bytes_;
    std::size_t at_ = 0;
    Problem problem_;
};

} // namespace

const Value* find(const Struct& fields, std::int16_t id) {
    for (const Field& field : fields)
        if (field.id == id) return &field.value;
    return nullptr;
}

std::string text(const Struct& fields, std::int16_t id) {
    const Value* value = find(fields, id);
    const auto* string = value ? std::get_if<std::string>(&value->data) : nullptr;
    return string ? *string : std::string();
}

std::string encode_call(std::string_view method, std::int32_t sequence, const Struct& arguments) {
    std::string out;
    put(out, kVersion1 | kCall);
    put_string(out, method);
    put(out, static_cast<std::uint32_t>(sequence));
    put_struct(out, arguments);
    return out;
}

Result<std::optional<Reply>> decode_reply(std::string_view bytes) {
    if (bytes.size() > kMaxReply) return fail("thrift reply is larger than 16 MiB");
    Reader reader(bytes);
    Reply reply;
    auto head = reader.number<std::uint32_t>();
    auto kind = static_cast<std::uint8_t>(head & 0xff);
    if (reader.good() &&
        ((head & 0xffff0000) != kVersion1 || (kind != kReply && kind != kException)))
        reader.malformed(fmt::format("starts with {:08x}", head));
    reply.exception = kind == kException;
    reply.method = reader.string();
    reply.sequence = static_cast<std::int32_t>(reader.number<std::uint32_t>());
    reply.fields = reader.structure(0);
    if (const auto* bad = std::get_if<Malformed>(&reader.problem()))
        return fail("not a thrift reply: " + bad->why);
    if (!reader.good()) return std::optional<Reply>();
    return std::optional<Reply>(std::move(reply));
}

} // namespace lakebed::thrift
