#include "engine/durable.h"

#include <array>
#include <concepts>

#include <fmt/format.h>

namespace lakebed {
namespace {

constexpr std::array kStateNames = {
    State::waiting,     State::held,      State::starting,
    State::ready,       State::degraded,  State::restarting,
    State::backing_off, State::slow_lane, State::stopped_by_operator,
    State::stopping,    State::stopped};
constexpr std::array kCauses = {Cause::none,          Cause::crash,         Cause::hang,
                                Cause::out_of_memory, Cause::bad_config,    Cause::port_taken,
                                Cause::disk_full,     Cause::start_timeout, Cause::operator_stop,
                                Cause::waiting};
constexpr std::array kDooms = {Doomed::no, Doomed::this_run, Doomed::next_run};

std::string_view to_string(Doomed doomed) {
    switch (doomed) {
    case Doomed::no:
        return "no";
    case Doomed::this_run:
        return "this_run";
    case Doomed::next_run:
        return "next_run";
    }
    return "";
}

NodeState durable_part(const NodeState& from) {
    NodeState node = from;
    node.unit = {};
    node.unit.active_state = from.unit.active_state;
    node.unit.sub_state = from.unit.sub_state;
    node.unit.n_restarts = from.unit.n_restarts;
    node.seen_at = {};
    node.place = 0;
    node.known = false;
    node.stop_owed.reset();
    node.liveness_failures = 0;
    node.probe_detail.clear();
    node.unverified_since.reset();
    node.verify_wanted = node.verifying = node.verify_void = false;
    return node;
}

std::int64_t number(TimePoint at) {
    return at.time_since_epoch().count();
}
TimePoint time_point(std::int64_t number) {
    return TimePoint(EngineClock::duration(number));
}

// Writes what differs from the default, so that a healthy node is a few lines. Lines at once and no
// Table between: it stands in the way of each restart.
struct Writer {
    std::string& text;

    void line(std::string_view key, std::string_view value) {
        text.append(key).append(" = ").append(value).append("\n");
    }
    void operator()(std::string_view key, bool value) {
        if (value) line(key, "true");
    }
    void operator()(std::string_view key, const std::string& value) {
        if (!value.empty()) line(key, toml_string(value));
    }
    void operator()(std::string_view key, std::integral auto value) {
        if (value != 0) line(key, std::to_string(value));
    }
    void operator()(std::string_view key, TimePoint at) { line(key, std::to_string(number(at))); }
    void operator()(std::string_view key, const std::optional<TimePoint>& at) {
        if (at) (*this)(key, *at);
    }
    void operator()(std::string_view key, const std::vector<TimePoint>& times) {
        std::string array;
        for (TimePoint at : times)
            array.append(array.empty() ? "" : ", ").append(std::to_string(number(at)));
        if (!array.empty()) line(key, '[' + array + ']');
    }
    void operator()(std::string_view key, const std::map<std::string, std::string>& map) {
        std::string table;
        for (const auto& [name, value] : map)
            table.append(table.empty() ? "" : ", ")
                .append(toml_key(name) + " = " + toml_string(value));
        if (!table.empty()) line(key, "{ " + table + " }");
    }
    void operator()(std::string_view key, const std::optional<Incident>& incident) {
        if (!incident) return;
        line(key,
             fmt::format("{{ at = {}, cause = {}, detail = {} }}", number(incident->at),
                         toml_string(to_string(incident->cause)), toml_string(incident->detail)));
    }
    template <class E, std::size_t N>
    void word(std::string_view key, E value, const std::array<E, N>&) {
        line(key, toml_string(to_string(value)));
    }
};

struct Reader {
    TableReader& table;

    void operator()(std::string_view key, bool& value) {
        value = table.boolean(key).value_or(false);
    }
    void operator()(std::string_view key, std::string& value) {
        value = table.string(key).value_or("");
    }
    template <std::integral T> void operator()(std::string_view key, T& value) {
        value = static_cast<T>(table.integer(key).value_or(0));
    }
    void operator()(std::string_view key, TimePoint& at) {
        at = time_point(table.integer(key).value_or(0));
    }
    void operator()(std::string_view key, std::optional<TimePoint>& at) {
        if (auto value = table.integer(key)) at = time_point(*value);
    }
    void operator()(std::string_view key, std::vector<TimePoint>& times) {
        const Value* value = table.any(key);
        if (value == nullptr) return;
        if (const Array* array = value->array()) {
            for (const Value& item : *array) {
                if (const auto* at = std::get_if<std::int64_t>(&item.data))
                    times.push_back(time_point(*at));
                else
                    table.error(key, fmt::format("{} holds {}, expected integers", table.name(key),
                                                 type_name(item)));
            }
            return;
        }
        table.error(key,
                    fmt::format("{} is {}, expected an array", table.name(key), type_name(*value)));
    }
    void operator()(std::string_view key, std::map<std::string, std::string>& map) {
        const Value* value = table.table(key);
        if (value == nullptr) return;
        for (const Member& member : *value->table()) {
            if (const std::string* text = member.value.string())
                map[member.key] = *text;
            else
                table.error(key, fmt::format("{}.{} is {}, expected a string", table.name(key),
                                             member.key, type_name(member.value)));
        }
    }
    void operator()(std::string_view key, std::optional<Incident>& incident) {
        const Value* value = table.table(key);
        if (value == nullptr) return;
        TableReader inner(*value, table.name(key), table.diagnostics());
        Reader io{inner};
        io("at", incident.emplace().at);
        io.word("cause", incident->cause, kCauses);
        io("detail", incident->detail);
        inner.finish();
    }
    template <class E, std::size_t N>
    void word(std::string_view key, E& value, const std::array<E, N>& all) {
        const std::string text = table.require_string(key);
        for (E candidate : all) {
            if (to_string(candidate) != text) continue;
            value = candidate;
            return;
        }
        if (!text.empty())
            table.error(key, fmt::format("{} is \"{}\", which this lakebed does not know",
                                         table.name(key), text));
    }
};

// Every durable field once, for both directions.
template <class Io, class Node> void visit_node(Io& io, Node& node) {
    io.word("state", node.state, kStateNames);
    io("since", node.since);
    io("reason", node.reason);
    io("active_state", node.unit.active_state);
    io("sub_state", node.unit.sub_state);
    io("n_restarts", node.unit.n_restarts);
    io("recorded", node.recorded);
    io("operator_stopped", node.operator_stopped);
    io("hold", node.hold);
    io("bad_config", node.bad_config);
    io("suspended", node.suspended);
    io("despite_guard", node.despite_guard);
    io("parked", node.parked);
    io("slow", node.slow);
    io("slow_for_stack", node.slow_for_stack);
    io("restart_wanted", node.restart_wanted);
    io("start_wanted", node.start_wanted);
    io("stop_sent", node.stop_sent);
    io("stop_seen", node.stop_seen);
    io.word("doomed", node.doomed, kDooms);
    io("attempts", node.attempts);
    io("restarts", node.restarts);
    io("restarts_total", node.restarts_total);
    io("retry_at", node.retry_at);
    io("ready_once", node.ready_once);
    io("run", node.run);
    io("failed_run", node.failed_run);
    io("needs_run", node.needs_run);
    io("queued_at", node.queued_at);
    io("started_at", node.started_at);
    io("probing_at", node.probing_at);
    io("ready_at", node.ready_at);
    io("last_incident", node.last_incident);
}

void write_node(std::string& text, const std::string& unit, const NodeState& node) {
    text += "\n[nodes." + toml_key(unit) + "]\n";
    Writer writer{text};
    visit_node(writer, node);
}

std::string write_stack(std::string_view boot_id, const std::string& target_run, bool seen_down,
                        std::uint64_t random, const std::vector<TimePoint>& restarts) {
    std::string text = fmt::format(
        "format = {}\nboot_id = {}\ntarget_run = {}\ntarget_seen_down = {}\nrandom = {}\n",
        DurableState::kFormat, toml_string(boot_id), toml_string(target_run), seen_down,
        static_cast<std::int64_t>(random));
    Writer{text}("restarts", restarts);
    return text;
}

bool is_durable(const NodeState& node) {
    return node.recorded || node.hold;
}

} // namespace

DurableState durable(const SupervisorState& state, std::string_view boot_id) {
    DurableState result{std::string(boot_id), state.target_run, state.target_seen_down,
                        state.random,         state.restarts,   {}};
    for (const auto& [unit, node] : state.nodes)
        if (is_durable(node)) result.nodes.emplace(unit, durable_part(node));
    return result;
}

SupervisorState restore_state(ServiceGraph graph, const DurableState& remembered,
                              std::string_view boot_id) {
    SupervisorState state;
    const bool same_boot = remembered.boot_id == boot_id;
    if (remembered.random != 0) state.random = remembered.random;
    if (same_boot) {
        state.target_run = remembered.target_run;
        state.target_seen_down = remembered.target_seen_down;
        state.restarts = remembered.restarts;
    }
    for (const GraphNode& spec : graph.nodes) {
        NodeState& node = state.nodes[spec.unit];
        auto found = remembered.nodes.find(spec.unit);
        if (found == remembered.nodes.end()) continue;
        if (same_boot) {
            node = found->second;
            continue;
        }
        // What was not ready needs more to be ready again; what is remembered of it is that.
        if (is_guard(spec)) node.state = found->second.state;
        node.hold = found->second.hold;
        node.restarts_total = found->second.restarts_total;
        node.last_incident = found->second.last_incident;
        if (node.last_incident) node.last_incident->at = {}; // of another boot's clock
    }
    state.graph = std::move(graph);
    return state;
}

std::string write_state(const SupervisorState& state, std::string_view boot_id) {
    std::string text = write_stack(boot_id, state.target_run, state.target_seen_down, state.random,
                                   state.restarts);
    for (const auto& [unit, node] : state.nodes)
        if (is_durable(node)) write_node(text, unit, node);
    return text;
}

std::string write_state(const DurableState& state) {
    std::string text = write_stack(state.boot_id, state.target_run, state.target_seen_down,
                                   state.random, state.restarts);
    for (const auto& [unit, node] : state.nodes) write_node(text, unit, node);
    return text;
}

DurableState read_state(std::string_view text, std::string_view file, Diagnostics& diagnostics) {
    DurableState state;
    const Value root = parse_toml(text, file, diagnostics);
    if (diagnostics.has_errors()) return state;
    TableReader reader(root, "", diagnostics);
    const auto format = reader.integer("format").value_or(0);
    if (format != DurableState::kFormat) {
        reader.error("format", fmt::format("the state file has format {}, this lakebedd reads {}",
                                           format, DurableState::kFormat));
        return state;
    }
    state.boot_id = reader.require_string("boot_id");
    state.target_run = reader.string("target_run").value_or("");
    state.target_seen_down = reader.boolean("target_seen_down").value_or(false);
    state.random = static_cast<std::uint64_t>(reader.integer("random").value_or(0));
    Reader{reader}("restarts", state.restarts);
    if (const Value* nodes = reader.table("nodes")) {
        for (const Member& member : *nodes->table()) {
            const std::string path = "nodes." + member.key;
            if (member.value.table() == nullptr) {
                diagnostics.error(member.value.pos, fmt::format("{} is {}, expected a table", path,
                                                                type_name(member.value)));
                continue;
            }
            NodeState& node = state.nodes[member.key];
            TableReader table(member.value, path, diagnostics);
            Reader io{table};
            visit_node(io, node);
            table.finish();
        }
    }
    reader.finish();
    return state;
}

} // namespace lakebed
