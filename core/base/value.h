// Value: a tree of plain configuration values that knows where each part was written.
//
// How it works: TOML text is read once into this tree (toml++ stays in value_toml.cpp); every
// reader of configuration walks it with a TableReader, which reports unknown keys, wrong types
// and missing keys to Diagnostics with file, line and column.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/diagnostics.h"

namespace lakebed {

struct Value;

// Keys keep the order in which they were written.
struct Member;
using Table = std::vector<Member>;
using Array = std::vector<Value>;

struct Value {
    std::variant<bool, std::int64_t, double, std::string, Array, Table> data = false;
    SourcePos pos;

    Value();
    Value(bool value);
    Value(std::int64_t value);
    Value(double value);
    Value(std::string value);
    Value(const char* value);
    Value(Array value);
    Value(Table value);

    [[nodiscard]] const Table* table() const;
    [[nodiscard]] Table* table();
    [[nodiscard]] const Array* array() const;
    [[nodiscard]] const std::string* string() const;

    // Compares the data, not the positions.
    bool operator==(const Value& other) const;
};

struct Member {
    std::string key;
    SourcePos key_pos;
    Value value;

    bool operator==(const Member& other) const { return key == other.key && value == other.value; }
};

// "a boolean", "an integer", "a string", "an array", "a table" ...
[[nodiscard]] std::string_view type_name(const Value& value);

[[nodiscard]] const Value* find(const Table& table, std::string_view key);
[[nodiscard]] Value* find(Table& table, std::string_view key);
void set(Table& table, std::string_view key, Value value);

// `over` wins; tables merge key by key, everything else replaces whole.
void merge(Table& under, const Table& over);

// TOML 1.0 text to a Value holding a Table. Syntax errors go to `diagnostics` with their position;
// the result is then an empty table.
[[nodiscard]] Value parse_toml(std::string_view text, std::string_view file,
                               Diagnostics& diagnostics);

// A table as TOML text that parse_toml reads back to an equal value. Deterministic.
[[nodiscard]] std::string write_toml(const Table& table);
// Its pieces, for who writes lines: a key, quoted where it must be, and a string.
[[nodiscard]] std::string toml_key(std::string_view key);
[[nodiscard]] std::string toml_string(std::string_view text);

// Reads one table key by key; on destruction nothing happens, on finish() every key that was not
// asked for is reported, with a suggestion among the keys that were.
class TableReader {
  public:
    // `path` is the dotted name of the table for messages, empty for the root.
    TableReader(const Value& value, std::string path, Diagnostics& diagnostics);

    // Absent: nullopt and no error. Wrong type: nullopt and an error.
    [[nodiscard]] std::optional<std::string> string(std::string_view key);
    [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key);
    [[nodiscard]] std::optional<double> number(std::string_view key); // integer or float
    [[nodiscard]] std::optional<bool> boolean(std::string_view key);
    [[nodiscard]] std::vector<std::string> strings(std::string_view key); // array of strings
    [[nodiscard]] const Value* table(std::string_view key);
    [[nodiscard]] const Value* any(std::string_view key);
    [[nodiscard]] std::vector<const Value*> tables(std::string_view key); // array of tables

    // The same, and an error when absent; returns the type's empty value then.
    [[nodiscard]] std::string require_string(std::string_view key);

    // Position of a key's value, or of the table when absent.
    [[nodiscard]] SourcePos pos(std::string_view key) const;
    [[nodiscard]] SourcePos pos() const { return pos_; }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] Diagnostics& diagnostics() { return diagnostics_; }

    // "path.key"
    [[nodiscard]] std::string name(std::string_view key) const;

    void error(std::string_view key, std::string message, std::string hint = {});
    void finish();

  private:
    const Value* take(std::string_view key);
    void wrong_type(std::string_view key, const Value& value, std::string_view wanted);

    const Table* table_;
    SourcePos pos_;
    std::string path_;
    Diagnostics& diagnostics_;
    std::vector<std::string> known_;
};

} // namespace lakebed
