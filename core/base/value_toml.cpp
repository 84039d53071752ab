// The only file that includes toml++.
#include "base/value.h"

#include <cmath>

#include <fmt/format.h>
#define TOML_EXCEPTIONS 0
// Version 3.3 asserts on "[[[" what its next lines report as an error of the input; found by
// tests/fuzz.
#define TOML_ASSERT(expr) static_cast<void>(0)
#include <toml++/toml.h>

namespace lakebed {
namespace {

class Importer {
  public:
    Importer(std::string_view file, Diagnostics& diagnostics)
        : file_(file), diagnostics_(diagnostics) {}

    Value import(const toml::node& node) {
        Value value;
        value.pos = at(node.source());
        if (const auto* table = node.as_table()) {
            value.data = import_table(*table);
        } else if (const auto* array = node.as_array()) {
            Array items;
            for (const toml::node& item : *array) items.push_back(import(item));
            value.data = std::move(items);
        } else if (const auto* text = node.as_string()) {
            value.data = text->get();
        } else if (const auto* number = node.as_integer()) {
            value.data = number->get();
        } else if (const auto* real = node.as_floating_point()) {
            value.data = real->get();
        } else if (const auto* flag = node.as_boolean()) {
            value.data = flag->get();
        } else {
            diagnostics_.error(value.pos, "dates and times have no meaning here",
                               "write it as a string in quotes");
        }
        return value;
    }

  private:
    SourcePos at(const toml::source_region& region) const {
        return {file_, static_cast<int>(region.begin.line), static_cast<int>(region.begin.column)};
    }

    Table import_table(const toml::table& table) {
        Table members;
        for (auto&& [key, node] : table)
            members.push_back({std::string(key.str()), at(key.source()), import(node)});
        // toml++ sorts keys; put them back in the order in which they were written.
        std::stable_sort(members.begin(), members.end(), [](const Member& a, const Member& b) {
            return std::pair(a.key_pos.line, a.key_pos.column) <
                   std::pair(b.key_pos.line, b.key_pos.column);
        });
        return members;
    }

    std::string file_;
    Diagnostics& diagnostics_;
};

bool is_bare(std::string_view key) {
    return !key.empty() &&
           key.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "0123456789_-") == std::string_view::npos;
}

} // namespace

std::string toml_string(std::string_view text) {
    std::string out = "\"";
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\')
            out += {'\\', c};
        else if (c == '\n')
            out += "\\n";
        else if (c == '\t')
            out += "\\t";
        else if (byte < 0x20 || byte == 0x7f)
            out += fmt::format("\\u{:04x}", byte);
        else
            out += c;
    }
    return out + '"';
}

std::string toml_key(std::string_view key) {
    return is_bare(key) ? std::string(key) : toml_string(key);
}

namespace {

std::string inline_text(const Value& value) {
    struct Visitor {
        std::string operator()(bool flag) const { return flag ? "true" : "false"; }
        std::string operator()(std::int64_t number) const { return fmt::format("{}", number); }
        std::string operator()(double number) const {
            if (std::isnan(number)) return "nan";
            if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
            std::string text = fmt::format("{}", number);
            return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
        }
        std::string operator()(const std::string& text) const { return toml_string(text); }
        std::string operator()(const Array& array) const {
            std::string out = "[";
            for (const Value& item : array) {
                if (out.size() > 1) out += ", ";
                out += inline_text(item);
            }
            return out + "]";
        }
        std::string operator()(const Table& table) const {
            std::string out = "{";
            for (const Member& member : table) {
                out += out.size() > 1 ? ", " : " ";
                out += toml_key(member.key) + " = " + inline_text(member.value);
            }
            return out + " }";
        }
    };
    return std::visit(Visitor{}, value.data);
}

bool is_array_of_tables(const Value& value) {
    const Array* array = value.array();
    if (!array || array->empty()) return false;
    for (const Value& item : *array)
        if (!item.table()) return false;
    return true;
}

void write_table(std::string& out, const Table& table, const std::string& prefix) {
    for (const Member& member : table)
        if (!member.value.table() && !is_array_of_tables(member.value))
            out += toml_key(member.key) + " = " + inline_text(member.value) + '\n';
    for (const Member& member : table) {
        std::string name =
            prefix.empty() ? toml_key(member.key) : prefix + '.' + toml_key(member.key);
        if (const Table* inner = member.value.table()) {
            out += fmt::format("{}[{}]\n", out.empty() ? "" : "\n", name);
            write_table(out, *inner, name);
        } else if (is_array_of_tables(member.value)) {
            for (const Value& item : *member.value.array()) {
                out += fmt::format("{}[[{}]]\n", out.empty() ? "" : "\n", name);
                write_table(out, *item.table(), name);
            }
        }
    }
}

} // namespace

Value parse_toml(std::string_view text, std::string_view file, Diagnostics& diagnostics) {
    Value root{Table{}};
    root.pos = {std::string(file), 1, 1};
    toml::parse_result parsed = toml::parse(text, file);
    if (!parsed) {
        const toml::source_position& at = parsed.error().source().begin;
        diagnostics.error(
            {std::string(file), static_cast<int>(at.line), static_cast<int>(at.column)},
            std::string(parsed.error().description()));
        return root;
    }
    root = Importer(file, diagnostics).import(parsed.table());
    root.pos = {std::string(file), 1, 1};
    return root;
}

std::string write_toml(const Table& table) {
    std::string out;
    write_table(out, table, "");
    return out;
}

} // namespace lakebed
