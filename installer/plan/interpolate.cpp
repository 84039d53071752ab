#include "plan/variables.h"

#include <fmt/format.h>

#include "plan/stack.h"

namespace lakebed {
namespace {

bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}

bool is_name_char(char c) {
    return is_lower(c) || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == ':' || c == '-';
}

// End of the variable that begins with the @ at `from`, past its closing @; 0 when there is none.
std::size_t variable_end(std::string_view text, std::size_t from) {
    std::size_t i = from + 1;
    if (i >= text.size() || !is_lower(text[i])) return 0;
    while (i < text.size() && is_name_char(text[i])) ++i;
    return i < text.size() && text[i] == '@' ? i + 1 : 0;
}

} // namespace

void for_each_variable(std::string_view text,
                       const std::function<void(std::string_view name, std::size_t at)>& use) {
    for (std::size_t i = text.find('@'); i != std::string_view::npos; i = text.find('@', i)) {
        std::size_t end = variable_end(text, i);
        if (end == 0) {
            ++i;
            continue;
        }
        use(text.substr(i + 1, end - i - 2), i);
        i = end;
    }
}

std::string interpolate(std::string_view text,
                        const std::function<std::optional<std::string>(std::string_view)>& lookup,
                        std::vector<std::string>& unknown) {
    std::string out;
    std::size_t done = 0;
    for_each_variable(text, [&](std::string_view name, std::size_t at) {
        auto value = lookup(name);
        if (!value) {
            unknown.emplace_back(name);
            return;
        }
        out += text.substr(done, at - done);
        out += *value;
        done = at + name.size() + 2;
    });
    out += text.substr(done);
    return out;
}

SourcePos text_position(std::string_view text, std::size_t at, const SourcePos& start) {
    SourcePos pos = start;
    std::string_view before = text.substr(0, at);
    std::size_t last = before.rfind('\n');
    // TOML drops the line break right after the opening quotes of a text of several lines.
    if (text.find('\n') != std::string_view::npos) ++pos.line;
    for (char c : before) pos.line += c == '\n' ? 1 : 0;
    if (pos.line != start.line)
        pos.column = static_cast<int>(last == std::string_view::npos ? at : at - last - 1) + 1;
    return pos;
}

std::string plain_text(const Value& value) {
    struct Visitor {
        std::string operator()(bool flag) const { return flag ? "true" : "false"; }
        std::string operator()(std::int64_t number) const { return fmt::format("{}", number); }
        std::string operator()(double number) const { return fmt::format("{}", number); }
        std::string operator()(const std::string& text) const { return text; }
        // As class paths have it.
        std::string operator()(const Array& items) const {
            std::string text;
            for (const Value& item : items)
                text += (&item == &items.front() ? "" : ":") + plain_text(item);
            return text;
        }
        std::string operator()(const Table&) const { return {}; }
    };
    return std::visit(Visitor{}, value.data);
}

Value interpolate_value(const Value& value, const ValueLookup& lookup,
                        const UnknownVariable& unknown) {
    Value out = value;
    if (const std::string* text = value.string()) {
        bool whole =
            text->size() > 2 && variable_end(*text, 0) == text->size() && text->front() == '@';
        if (whole) {
            std::string_view name(text->data() + 1, text->size() - 2);
            if (auto found = lookup(name))
                out.data = found->data;
            else
                unknown(name, value.pos);
            return out;
        }
        std::vector<std::string> missing;
        out.data = interpolate(
            *text,
            [&](std::string_view name) -> std::optional<std::string> {
                auto found = lookup(name);
                if (!found) return {};
                return plain_text(*found);
            },
            missing);
        for (const std::string& name : missing) unknown(name, value.pos);
    } else if (Table* table = out.table()) {
        for (Member& member : *table)
            member.value = interpolate_value(member.value, lookup, unknown);
    } else if (const Array* array = value.array()) {
        Array items;
        for (const Value& item : *array) {
            Value filled = interpolate_value(item, lookup, unknown);
            // A variable that is a list stands for its items: ["@class_path@", "/more.jar"].
            if (const Array* list = item.string() ? filled.array() : nullptr)
                items.insert(items.end(), list->begin(), list->end());
            else
                items.push_back(std::move(filled));
        }
        out.data = std::move(items);
    }
    return out;
}

} // namespace lakebed
