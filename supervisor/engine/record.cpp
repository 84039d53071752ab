#include "engine/record.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "engine/json_line.h"
#include "engine/record_fields.h"

namespace lakebed {
namespace {

using recorded::fields;
using recorded::Name;
using recorded::word;

struct Writer {
    Table table;

    template <class T> void operator()(std::string_view key, const T& value) {
        if (std::is_enum_v<T> || !(value == T{}))
            table.push_back({std::string(key), {}, put(value)});
    }

    static Value put(bool value) { return value; }
    static Value put(std::integral auto value) { return static_cast<std::int64_t>(value); }
    static Value put(const std::string& value) { return value; }
    static Value put(TimePoint value) { return std::int64_t{value.time_since_epoch().count()}; }
    static Value put(const ServiceGraph& graph) { return write_graph(graph); }
    template <class T>
    requires std::is_enum_v<T>
    static Value put(T value) { return std::string(word(value)); }
    template <class T> static Value put(const std::optional<T>& value) { return put(*value); }
    template <class T> static Value put(const std::vector<T>& values) {
        Array array;
        array.reserve(values.size());
        for (const T& value : values) array.push_back(put(value));
        return array;
    }
    template <class T> static Value put(const std::map<std::string, T>& values) {
        Table table;
        for (const auto& [key, value] : values) table.push_back({key, {}, put(value)});
        return table;
    }
    template <class... Ts> static Value put(const std::variant<Ts...>& value) {
        return std::visit(
            [](const auto& held) {
                Writer writer;
                writer("is", std::string(Name<std::decay_t<decltype(held)>>::is));
                fields(writer, held);
                return Value(std::move(writer.table));
            },
            value);
    }
    template <class T>
    requires std::is_class_v<T>
    static Value put(const T& value) {
        Writer writer;
        fields(writer, value);
        return std::move(writer.table);
    }
};

// Notes the first thing that is wrong, and where.
struct Reader {
    const Table& table;
    std::string path;
    std::string& problem;
    std::size_t taken = 0;

    template <class T> void operator()(std::string_view key, T& value) {
        const Value* found = find(table, key);
        if (found == nullptr) {
            value = T{};
            if (std::is_enum_v<T>) wrong(path + std::string(key), "is missing");
            return;
        }
        ++taken;
        take(*found, path + std::string(key), value);
    }
    void finish() {
        if (taken != table.size()) wrong(path, "holds a name that this lakebed does not know");
    }
    void wrong(const std::string& where, std::string_view what) {
        if (problem.empty()) problem = fmt::format("{} {}", where.empty() ? "it" : where, what);
    }
    template <class T> const T* held(const Value& from, const std::string& where) {
        const T* value = std::get_if<T>(&from.data);
        if (value == nullptr)
            wrong(where, fmt::format("is {}, which is not expected there", type_name(from)));
        return value;
    }

    void take(const Value& from, const std::string& where, bool& value) {
        if (const auto* given = held<bool>(from, where)) value = *given;
    }
    void take(const Value& from, const std::string& where, std::integral auto& value) {
        const auto* given = held<std::int64_t>(from, where);
        if (given == nullptr) return;
        value = static_cast<std::remove_reference_t<decltype(value)>>(*given);
        if (static_cast<std::int64_t>(value) != *given) wrong(where, "is out of range");
    }
    void take(const Value& from, const std::string& where, std::string& value) {
        if (const auto* given = held<std::string>(from, where)) value = *given;
    }
    void take(const Value& from, const std::string& where, TimePoint& value) {
        if (const auto* given = held<std::int64_t>(from, where))
            value = TimePoint(EngineClock::duration(*given));
    }
    void take(const Value& from, const std::string& where, ServiceGraph& graph) {
        const auto* given = held<std::string>(from, where);
        if (given == nullptr) return;
        Diagnostics diagnostics;
        graph = read_graph(*given, where, diagnostics);
        if (!diagnostics.has_errors()) check_graph(graph, diagnostics);
        if (Result<void> good = diagnostics.result(); !good) wrong(where, good.error().message);
    }
    template <class T>
    requires std::is_enum_v<T>
    void take(const Value& from, const std::string& where, T& value) {
        const auto* given = held<std::string>(from, where);
        if (given == nullptr) return;
        for (int i = 0; !word(static_cast<T>(i)).empty(); ++i)
            if (word(static_cast<T>(i)) == *given) {
                value = static_cast<T>(i);
                return;
            }
        wrong(where, fmt::format("is \"{}\", which this lakebed does not know", *given));
    }
    template <class T>
    void take(const Value& from, const std::string& where, std::optional<T>& value) {
        take(from, where, value.emplace());
    }
    template <class T>
    void take(const Value& from, const std::string& where, std::vector<T>& values) {
        const auto* given = held<Array>(from, where);
        if (given == nullptr) return;
        values.reserve(given->size());
        for (const Value& item : *given) take(item, where, values.emplace_back());
    }
    template <class T>
    void take(const Value& from, const std::string& where, std::map<std::string, T>& values) {
        const auto* given = held<Table>(from, where);
        if (given == nullptr) return;
        for (const Member& member : *given)
            take(member.value, where + "." + member.key, values[member.key]);
    }
    template <class... Ts>
    void take(const Value& from, const std::string& where, std::variant<Ts...>& value) {
        const auto* given = held<Table>(from, where);
        const Value* is = given == nullptr ? nullptr : find(*given, "is");
        const std::string* name = is == nullptr ? nullptr : is->string();
        auto one = [&]<class T>(std::type_identity<T>) {
            if (*name != Name<T>::is) return false;
            Reader reader{*given, where + ".", problem, 1};
            fields(reader, value.template emplace<T>());
            reader.finish();
            return true;
        };
        if (name == nullptr)
            wrong(where, "does not say what it is");
        else if (!(one(std::type_identity<Ts>()) || ...))
            wrong(where, fmt::format("is \"{}\", which this lakebed does not know", *name));
    }
    template <class T>
    requires std::is_class_v<T>
    void take(const Value& from, const std::string& where, T& value) {
        const auto* given = held<Table>(from, where);
        if (given == nullptr) return;
        Reader reader{*given, where + ".", problem};
        fields(reader, value);
        reader.finish();
    }
};

// A graph and the states of its nodes belong together, or the supervisor could not be made.
void check_nodes(const SupervisorState& state, std::string& problem) {
    for (const auto& [unit, unused] : state.nodes)
        if (find_node(state.graph, unit) == nullptr && problem.empty())
            problem = fmt::format("state.nodes.{} is no node of the graph", unit);
}

Result<Record> read_record(std::string_view line) {
    const Value value = TRY(read_json_line(line));
    const Table* table = value.table();
    if (table == nullptr) return fail("it is no object");
    std::string problem;
    Reader reader{*table, "", problem};
    Record record;
    if (find(*table, "format") != nullptr) {
        int format = 0;
        reader("format", format);
        if (problem.empty() && format != RecordedLife::kFormat)
            return fail(Errc::refused,
                        fmt::format("the recording has format {}, this lakebed reads {}", format,
                                    RecordedLife::kFormat));
        auto& life = record.emplace<RecordedLife>();
        reader("lakebed", life.version);
        reader("state", life.state);
        if (problem.empty()) check_nodes(life.state, problem);
    } else if (find(*table, "end") != nullptr) {
        reader("end", record.emplace<RecordedEnd>().why);
    } else {
        auto& turn = record.emplace<RecordedTurn>();
        reader("at", turn.at);
        if (find(*table, "event") == nullptr) reader.wrong("event", "is missing");
        reader("event", turn.event);
        reader("actions", turn.actions);
    }
    reader.finish();
    if (!problem.empty()) return fail(problem);
    return record;
}

} // namespace

std::string write_life(const SupervisorState& state, std::string_view version) {
    return write_json_line(Table{{"format", {}, std::int64_t{RecordedLife::kFormat}},
                                 {"lakebed", {}, std::string(version)},
                                 {"state", {}, Writer::put(state)}});
}

std::string write_turn(TimePoint at, const Event& event, const std::vector<Action>& actions) {
    Table table{{"at", {}, Writer::put(at)}, {"event", {}, Writer::put(event)}};
    if (!actions.empty()) table.push_back({"actions", {}, Writer::put(actions)});
    return write_json_line(std::move(table));
}

std::string write_record(const Record& record) {
    if (const auto* life = std::get_if<RecordedLife>(&record))
        return write_life(life->state, life->version);
    if (const auto* turn = std::get_if<RecordedTurn>(&record))
        return write_turn(turn->at, turn->event, turn->actions);
    return write_json_line(Table{{"end", {}, std::get<RecordedEnd>(record).why}});
}

std::string write_event(const Event& event) {
    return write_json_line(Writer::put(event));
}

std::string write_action(const Action& action) {
    return write_json_line(Writer::put(action));
}

std::vector<RecordLine> read_recording(std::string_view text, std::string_view file,
                                       Diagnostics& diagnostics) {
    std::vector<RecordLine> lines;
    const bool ends_with_newline = text.ends_with('\n');
    std::optional<Diagnostic> half; // unless something but a new life follows
    auto complain = [&] {
        if (half) diagnostics.error(half->pos, half->message);
        half.reset();
    };
    for (int number = 1; !text.empty() && !diagnostics.has_errors(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty()) continue;
        const SourcePos pos{std::string(file), number, 1};
        Result<Record> record = read_record(line);
        if (!record && record.error().code == Errc::refused) {
            half.reset();
            diagnostics.error(pos, record.error().message);
        } else if (!record) {
            complain();
            // The end of the file, cut off: nothing more to say of it.
            if (text.empty() && !ends_with_newline) break;
            half = Diagnostic{Severity::error, pos, record.error().message, {}};
        } else {
            const bool life = std::holds_alternative<RecordedLife>(*record);
            if (life) half.reset();
            complain();
            if (lines.empty() && !life)
                diagnostics.error(pos, "a recording begins with the state that lakebedd had");
            lines.push_back({number, std::move(*record)});
        }
    }
    complain();
    if (lines.empty() && !diagnostics.has_errors())
        diagnostics.error({std::string(file), 1, 1}, "the recording is empty");
    return lines;
}

} // namespace lakebed
