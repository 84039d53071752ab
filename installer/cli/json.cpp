#include "cli/json.h"

#include <nlohmann/json.hpp>

namespace lakebed {
namespace {

using Json = nlohmann::ordered_json;

Json convert(const Table& table);

struct Converter {
    Json operator()(const Array& array) const {
        Json out = Json::array();
        for (const Value& value : array) out.push_back(std::visit(Converter{}, value.data));
        return out;
    }
    Json operator()(const Table& table) const { return convert(table); }
    template <class Scalar> Json operator()(const Scalar& scalar) const { return scalar; }
};

Json convert(const Table& table) {
    Json out = Json::object();
    for (const Member& member : table) out[member.key] = std::visit(Converter{}, member.value.data);
    return out;
}

} // namespace

std::string to_json(const Table& document) {
    return convert(document).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string to_json_line(const Table& row) {
    return convert(row).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace lakebed
