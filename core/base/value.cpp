#include "base/value.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/suggest.h"

namespace lakebed {

Value::Value() = default;
Value::Value(bool value) : data(value) {}
Value::Value(std::int64_t value) : data(value) {}
Value::Value(double value) : data(value) {}
Value::Value(std::string value) : data(std::move(value)) {}
Value::Value(const char* value) : data(std::string(value)) {}
Value::Value(Array value) : data(std::move(value)) {}
Value::Value(Table value) : data(std::move(value)) {}

const Table* Value::table() const {
    return std::get_if<Table>(&data);
}
Table* Value::table() {
    return std::get_if<Table>(&data);
}
const Array* Value::array() const {
    return std::get_if<Array>(&data);
}
const std::string* Value::string() const {
    return std::get_if<std::string>(&data);
}

bool Value::operator==(const Value& other) const {
    return data == other.data;
}

std::string_view type_name(const Value& value) {
    static constexpr std::string_view kNames[] = {"a boolean", "an integer", "a number",
                                                  "a string",  "an array",   "a table"};
    return kNames[value.data.index()];
}

const Value* find(const Table& table, std::string_view key) {
    auto it =
        std::find_if(table.begin(), table.end(), [&](const Member& m) { return m.key == key; });
    return it == table.end() ? nullptr : &it->value;
}

Value* find(Table& table, std::string_view key) {
    return const_cast<Value*>(find(std::as_const(table), key));
}

void set(Table& table, std::string_view key, Value value) {
    if (Value* present = find(table, key))
        *present = std::move(value);
    else
        table.push_back({std::string(key), value.pos, std::move(value)});
}

void merge(Table& under, const Table& over) {
    for (const Member& member : over) {
        Value* present = find(under, member.key);
        if (present && present->table() && member.value.table()) {
            merge(*present->table(), *member.value.table());
            present->pos = member.value.pos;
        } else if (present) {
            *present = member.value;
        } else {
            under.push_back(member); // with the place of its key
        }
    }
}

TableReader::TableReader(const Value& value, std::string path, Diagnostics& diagnostics)
    : table_(value.table()), pos_(value.pos), path_(std::move(path)), diagnostics_(diagnostics) {
    static const Table kEmpty;
    if (!table_) {
        diagnostics_.error(pos_,
                           fmt::format("{} is {}, expected a table", path_, type_name(value)));
        table_ = &kEmpty;
    }
}

std::string TableReader::name(std::string_view key) const {
    return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

SourcePos TableReader::pos(std::string_view key) const {
    const Value* value = find(*table_, key);
    return value ? value->pos : pos_;
}

void TableReader::error(std::string_view key, std::string message, std::string hint) {
    diagnostics_.error(pos(key), std::move(message), std::move(hint));
}

const Value* TableReader::take(std::string_view key) {
    known_.emplace_back(key);
    return find(*table_, key);
}

void TableReader::wrong_type(std::string_view key, const Value& value, std::string_view wanted) {
    diagnostics_.error(value.pos,
                       fmt::format("{} is {}, expected {}", name(key), type_name(value), wanted));
}

std::optional<std::string> TableReader::string(std::string_view key) {
    const Value* value = take(key);
    if (!value) return {};
    if (const auto* text = value->string()) return *text;
    wrong_type(key, *value, "a string");
    return {};
}

std::optional<std::int64_t> TableReader::integer(std::string_view key) {
    const Value* value = take(key);
    if (!value) return {};
    if (const auto* number = std::get_if<std::int64_t>(&value->data)) return *number;
    wrong_type(key, *value, "an integer");
    return {};
}

std::optional<double> TableReader::number(std::string_view key) {
    const Value* value = take(key);
    if (!value) return {};
    if (const auto* number = std::get_if<std::int64_t>(&value->data))
        return static_cast<double>(*number);
    if (const auto* number = std::get_if<double>(&value->data)) return *number;
    wrong_type(key, *value, "a number");
    return {};
}

std::optional<bool> TableReader::boolean(std::string_view key) {
    const Value* value = take(key);
    if (!value) return {};
    if (const auto* flag = std::get_if<bool>(&value->data)) return *flag;
    wrong_type(key, *value, "a boolean");
    return {};
}

std::vector<std::string> TableReader::strings(std::string_view key) {
    const Value* value = take(key);
    if (!value) return {};
    const Array* array = value->array();
    if (!array) {
        wrong_type(key, *value, "an array of strings");
        return {};
    }
    std::vector<std::string> texts;
    for (const Value& item : *array) {
        if (const auto* text = item.string())
            texts.push_back(*text);
        else
            wrong_type(key, item, "a string");
    }
    return texts;
}

const Value* TableReader::table(std::string_view key) {
    const Value* value = take(key);
    if (value && !value->table()) {
        wrong_type(key, *value, "a table");
        return nullptr;
    }
    return value;
}

const Value* TableReader::any(std::string_view key) {
    return take(key);
}

std::vector<const Value*> TableReader::tables(std::string_view key) {
    const Value* value = take(key);
    if (!value) return {};
    const Array* array = value->array();
    if (!array) {
        wrong_type(key, *value, "an array of tables");
        return {};
    }
    std::vector<const Value*> found;
    for (const Value& item : *array) {
        if (item.table())
            found.push_back(&item);
        else
            wrong_type(key, item, "a table");
    }
    return found;
}

std::string TableReader::require_string(std::string_view key) {
    auto text = string(key);
    if (!text && !find(*table_, key))
        diagnostics_.error(pos_, fmt::format("{} is missing", name(key)));
    return text.value_or("");
}

void TableReader::finish() {
    for (const Member& member : *table_) {
        if (std::find(known_.begin(), known_.end(), member.key) != known_.end()) continue;
        auto near = closest(member.key, known_);
        diagnostics_.error(member.key_pos, fmt::format("unknown key {}", name(member.key)),
                           near ? fmt::format("did you mean {}?", name(*near)) : std::string());
    }
}

} // namespace lakebed
