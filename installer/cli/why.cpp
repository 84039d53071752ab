#include "cli/why.h"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/io.h"
#include "cli/stack_status.h"

namespace lakebed {
namespace {

const ServiceStatus* find_status(const std::vector<ServiceStatus>& services,
                                 std::string_view name) {
    for (const ServiceStatus& service : services)
        if (service.name == name || service.unit == name) return &service;
    return nullptr;
}

bool is_one_of(std::string_view state, std::initializer_list<std::string_view> states) {
    return std::find(states.begin(), states.end(), state) != states.end();
}

// As lakebedd says it; from systemd alone, what has not failed waits for the first need that is not
// ready.
std::vector<std::string> path_to_root(const ServiceGraph& graph,
                                      const std::vector<ServiceStatus>& services,
                                      const ServiceStatus& from) {
    std::vector<std::string> path;
    std::istringstream words(from.path);
    for (std::string name; words >> name;) path.push_back(name);
    if (!path.empty()) return path;
    path.push_back(from.name);
    for (const ServiceStatus* at = &from; path.size() <= graph.nodes.size();) {
        const GraphNode* node = find_node(graph, at->unit);
        if (node == nullptr || at->state != "stopped") break;
        auto lacking = std::ranges::find_if(node->needs, [&](const Need& need) {
            const ServiceStatus* needed = find_status(services, need.unit);
            return needed != nullptr && !is_ready(*needed);
        });
        if (lacking == node->needs.end()) break;
        at = find_status(services, lacking->unit);
        path.push_back(at->name);
    }
    return path;
}

std::string advice_for_cause(const ServiceStatus& root) {
    const std::string& name = root.name;
    if (root.cause == "bad_config")
        return fmt::format("mend what the line says, then lakebed apply; lakebed start {} tries it "
                           "as it is",
                           name);
    if (root.cause == "port_taken")
        return fmt::format(
            "end what holds the port, or give {0} another one in [service.{0}], then "
            "lakebed apply",
            name);
    if (root.cause == "disk_full") return "make space there; it then goes on by itself";
    if (root.cause == "out_of_memory")
        return fmt::format("give it more memory: memory in [service.{}], then lakebed apply", name);
    if (root.cause == "hang")
        return fmt::format("the saved log has what it said before it was killed, threads included "
                           "if it is a JVM; lakebed logs {}",
                           name);
    return fmt::format("lakebed logs {0} has its own words; lakebed start {0} tries it now", name);
}

std::string advice_for(const ServiceStatus& root) {
    const std::string& name = root.name;
    if (root.hold) return "lakebed release " + name;
    if (root.state == "stopped_by_operator") return "lakebed start " + name;
    if (root.sentence.find("masked") != std::string::npos)
        return fmt::format("systemctl unmask {}", root.unit);
    if (root.sentence.find("unit file") != std::string::npos ||
        root.sentence.find("its unit is") != std::string::npos)
        return "lakebed apply writes its unit";
    if (root.state == "stopped" && !has_failed(root))
        return "lakebed up, or systemctl start lakebed.target, starts the stack";
    if (has_failed(root)) return advice_for_cause(root);
    if (root.state == "degraded")
        return fmt::format("lakebed logs {}; if it stays so, lakebed "
                           "restart {}",
                           name, name);
    return fmt::format("nothing yet: lakebed wait {} waits for it", name);
}

std::string age(std::uint64_t at, std::uint64_t now) {
    return short_duration(Duration(now > at ? now - at : 0));
}

} // namespace

bool has_failed(const ServiceStatus& service) {
    if (service.state == "failed") return true; // systemd's word
    if (is_one_of(service.state, {"ready", "stopped_by_operator", "stopping"}) || service.hold)
        return false;
    if (service.cause_at == 0 && service.state == "backing_off") return true; // systemd's, too
    return service.cause_at != 0 && service.cause != "none" &&
           (service.failures > 0 || is_one_of(service.state, {"held", "backing_off", "slow_lane"}));
}

std::vector<Trouble> find_troubles(const ServiceGraph& graph,
                                   const std::vector<ServiceStatus>& services,
                                   const std::vector<std::string>& asked) {
    std::vector<Trouble> troubles;
    for (const GraphNode& node : graph.nodes) {
        const ServiceStatus* service = find_status(services, node.unit);
        if (service == nullptr || is_ready(*service)) continue;
        std::vector<std::string> path = path_to_root(graph, services, *service);
        const ServiceStatus* root = find_status(services, path.back());
        if (root == nullptr) root = service;
        if (asked.empty()) { // one for each root
            if (root != service) continue;
        } else if (std::ranges::find(asked, node.name) == asked.end()) {
            continue;
        }
        troubles.push_back({*service, path, *root, {}, {}, advice_for(*root)});
    }
    for (Trouble& trouble : troubles)
        for (const ServiceStatus& other : services) {
            if (is_ready(other) || other.name == trouble.root.name ||
                other.name == trouble.service.name)
                continue;
            if (path_to_root(graph, services, other).back() == trouble.root.name)
                trouble.waiting.push_back(other.name);
        }
    return troubles;
}

std::string why_sentence(const Trouble& trouble, std::uint64_t now) {
    const ServiceStatus& service = trouble.service;
    std::string text = service.sentence;
    if (text.empty() || !text.starts_with(service.name))
        text = fmt::format("{} is {}", service.name, state_line(service));
    if (trouble.path.size() > 1 && text.find(trouble.root.name) == std::string::npos)
        text += fmt::format(": {} is not ready", trouble.root.name);
    if (has_failed(trouble.root) && trouble.root.cause_at != 0) // before what is done about it
        text.insert(std::min(text.find(';'), text.size()),
                    fmt::format(", {} ago", age(trouble.root.cause_at, now)));
    return text;
}

std::string why_text(const Trouble& trouble, std::uint64_t now) {
    const ServiceStatus& root = trouble.root;
    std::string text = why_sentence(trouble, now) + "\n";
    auto row = [&](std::string_view what, std::string_view words) {
        text += fmt::format("  {:<9} {}\n", what, words);
    };
    if (trouble.path.size() > 1) {
        row("path", fmt::format("{}", fmt::join(trouble.path, " → ")));
        row("root", fmt::format("{} is {}", root.name, state_line(root)));
    }
    if (has_failed(root) && root.cause_at != 0) {
        std::string words = root.cause;
        std::ranges::replace(words, '_', ' ');
        if (text.find(root.cause_detail) == std::string::npos) words += ": " + root.cause_detail;
        row("failure", words);
    }
    if (root.retry_at > now)
        row("next try", fmt::format("in {}", short_duration(Duration(root.retry_at - now))));
    if (trouble.evidence) {
        row("evidence", trouble.evidence->source +
                            (trouble.evidence->lines.empty() ? " (it wrote nothing)" : ""));
        for (const std::string& line : trouble.evidence->lines)
            text += fmt::format("            | {}\n", harmless(line));
    }
    row("to do", trouble.advice);
    if (!trouble.waiting.empty())
        row("waiting", fmt::format("{}", fmt::join(trouble.waiting, ", ")));
    return text;
}

Table why_row(const Trouble& trouble) {
    Table row = status_row(trouble.service, nullptr);
    set(row, "path", Array(trouble.path.begin(), trouble.path.end()));
    Table root = status_row(trouble.root, nullptr);
    set(root, "cause_detail", trouble.root.cause_detail);
    set(root, "cause_at", static_cast<std::int64_t>(trouble.root.cause_at));
    set(root, "failures", std::int64_t{trouble.root.failures});
    set(root, "retry_at", static_cast<std::int64_t>(trouble.root.retry_at));
    set(row, "root", std::move(root));
    set(row, "waiting", Array(trouble.waiting.begin(), trouble.waiting.end()));
    if (trouble.evidence) {
        Table evidence;
        set(evidence, "source", trouble.evidence->source);
        set(evidence, "lines",
            Array(trouble.evidence->lines.begin(), trouble.evidence->lines.end()));
        set(row, "evidence", std::move(evidence));
    }
    set(row, "advice", trouble.advice);
    return row;
}

std::vector<std::string> end_of_log(const std::string& log) {
    std::vector<std::string> lines;
    std::istringstream in(log);
    std::size_t left = 0;
    for (std::string line; std::getline(in, line);) {
        const bool is_dump = line.find(" Full thread dump ") != std::string::npos;
        left += is_dump || left > 0 ? 1 : 0;
        if (left > 0) continue;
        lines.push_back(std::move(line));
        if (lines.size() > kEndOfLog) lines.erase(lines.begin());
    }
    if (left > 0) lines.push_back(fmt::format("… and {} lines of a thread dump", left));
    return lines;
}

std::string harmless(std::string_view line) {
    std::string text(line);
    std::ranges::replace_if(
        text,
        [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; },
        '?');
    return text;
}

} // namespace lakebed
