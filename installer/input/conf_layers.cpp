#include "input/conf_layers.h"

#include <algorithm>

namespace lakebed {
namespace {

const Array& array_of(const Table& table, std::string_view key) {
    static const Array kNone;
    const Value* value = find(table, key);
    return value && value->array() ? *value->array() : kNone;
}

// The string under `key` of an item that is a table; nullptr when there is none.
const std::string* text_of(const Value& item, std::string_view key) {
    const Value* value = item.table() ? find(*item.table(), key) : nullptr;
    return value ? value->string() : nullptr;
}

Value* find_by(Array& items, std::string_view key, const Value& like) {
    const std::string* wanted = text_of(like, key);
    auto it = std::ranges::find_if(items, [&](const Value& item) {
        const std::string* text = text_of(item, key);
        return wanted && text && *text == *wanted;
    });
    return it == items.end() ? nullptr : &*it;
}

bool is_true(const Table& table, std::string_view key) {
    const Value* value = find(table, key);
    const bool* flag = value ? std::get_if<bool>(&value->data) : nullptr;
    return flag && *flag;
}

void lay_files_over(Array& files, const Array& over) {
    for (const Value& file : over) {
        Value* present = find_by(files, "path", file);
        if (!present) {
            files.push_back(file);
            continue;
        }
        bool settings = is_true(*present->table(), "settings");
        merge(*present->table(), *file.table());
        if (settings) set(*present->table(), "settings", true);
        present->pos = file.pos;
    }
}

void set_array(Table& table, std::string_view key, Array items, const SourcePos& pos) {
    if (items.empty()) return;
    Value value(std::move(items));
    value.pos = pos;
    set(table, key, std::move(value));
}

// Under the service's own tables, key by key.
void merge_below(Table& service, const Table& shared, std::string_view key) {
    const Value* below = find(shared, key);
    if (!below || !below->table()) return;
    Value merged = *below;
    if (const Value* own = find(service, key); own && own->table()) {
        merge(*merged.table(), *own->table());
        merged.pos = own->pos;
    }
    set(service, key, std::move(merged));
}

void include_service_keys(Table& own, const Table& shared) {
    for (const char* key : {"component", "jvm"})
        if (const Value* value = find(shared, key); value && !find(own, key)) set(own, key, *value);
    for (const char* key : {"components", "credentials"}) {
        Array items = array_of(own, key);
        for (const Value& item : array_of(shared, key))
            if (std::ranges::find(items, item) == items.end()) items.push_back(item);
        const Value* place = find(own, key) ? find(own, key) : find(shared, key);
        if (place) set_array(own, key, std::move(items), place->pos);
    }
}

} // namespace

void lay_over(Table& conf, const Table& over) {
    for (const Member& member : over) {
        if (member.key != "file") {
            Value* present = find(conf, member.key);
            SourcePos pos = present ? present->pos : member.value.pos;
            merge(conf, {member});
            find(conf, member.key)->pos = pos; // the table itself stands where it stood
            continue;
        }
        Array files = array_of(conf, "file");
        lay_files_over(files, array_of(over, "file"));
        set_array(conf, "file", std::move(files), member.value.pos);
    }
}

void include_shared(Table& service, const Table& shared) {
    const Value* head = find(shared, "shared");
    Value* own = find(service, "service");
    if (head && head->table() && own && own->table())
        include_service_keys(*own->table(), *head->table());
    merge_below(service, shared, "variables");
    merge_below(service, shared, "secrets");

    Array files = array_of(shared, "file");
    lay_files_over(files, array_of(service, "file"));
    set_array(service, "file", std::move(files), {});
    Array needs = array_of(service, "need");
    for (const Value& need : array_of(shared, "need"))
        if (!find_by(needs, "on", need)) needs.push_back(need);
    set_array(service, "need", std::move(needs), {});
    Array fatal = array_of(service, "fatal");
    for (const Value& rule : array_of(shared, "fatal")) fatal.push_back(rule);
    set_array(service, "fatal", std::move(fatal), {});
}

void add_new(Diagnostics& diagnostics, const Diagnostics& found) {
    for (const Diagnostic& one : found.all()) {
        if (std::ranges::find(diagnostics.all(), one) != diagnostics.all().end()) continue;
        if (one.severity == Severity::error)
            diagnostics.error(one.pos, one.message, one.hint);
        else
            diagnostics.warning(one.pos, one.message, one.hint);
    }
}

} // namespace lakebed
