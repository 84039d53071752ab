// why: what keeps services from being ready, each trouble told at its root.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/value.h"
#include "model/service_graph.h"
#include "sys/supervisor_api.h"

namespace lakebed {

struct Evidence {                   // of the root's failure
    std::string source;             // path of the saved log, or "the journal"
    std::vector<std::string> lines; // the last ones
    bool operator==(const Evidence&) const = default;
};

struct Trouble {
    ServiceStatus service;            // that was asked for
    std::vector<std::string> path;    // names from it to the root
    ServiceStatus root;               // itself when nothing that it needs is missing
    std::vector<std::string> waiting; // others that wait for the root
    std::optional<Evidence> evidence;
    std::string advice;
    bool operator==(const Trouble&) const = default;
};

// Of `asked` (names) those that are not ready, in the order of the graph. Without names one trouble
// for each root. `services` are lakebedd's or, without it, systemd's.
[[nodiscard]] std::vector<Trouble> find_troubles(const ServiceGraph& graph,
                                                 const std::vector<ServiceStatus>& services,
                                                 const std::vector<std::string>& asked);

// That it failed is why it is as it is, so that its last words are worth showing.
[[nodiscard]] bool has_failed(const ServiceStatus& service);

// "flink-jobmanager is held: minio is not ready: killed by SIGKILL, 12s ago"
[[nodiscard]] std::string why_sentence(const Trouble& trouble, std::uint64_t now);
// The sentence, and below it path, evidence and what to do.
[[nodiscard]] std::string why_text(const Trouble& trouble, std::uint64_t now);
[[nodiscard]] Table why_row(const Trouble& trouble);

// The last lines of a saved log; a thread dump, and what stands behind it, is only mentioned.
inline constexpr std::size_t kEndOfLog = 6;
[[nodiscard]] std::vector<std::string> end_of_log(const std::string& log);

// A line of a log without what could drive a terminal.
[[nodiscard]] std::string harmless(std::string_view line);

} // namespace lakebed
