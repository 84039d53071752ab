#include "driver/state_store.h"

#include <cerrno>
#include <cstdio>

#include <fcntl.h>

#include "sys/files.h"

namespace lakebed {

Weighty weighty(const SupervisorState& state) {
    Weighty result{.target_run = state.target_run, .nodes = {}};
    result.nodes.reserve(state.nodes.size() * 3);
    for (const auto& [unit, node] : state.nodes) {
        std::uint64_t flags = 0;
        for (bool flag :
             {node.operator_stopped, node.hold, node.bad_config, node.suspended, node.despite_guard,
              node.parked, node.slow, node.restart_wanted, node.start_wanted, node.stop_sent})
            flags = flags << 1 | (flag ? 1U : 0U);
        flags = flags << 8 | static_cast<std::uint64_t>(node.doomed);
        result.nodes.push_back(flags);
        result.nodes.push_back(node.restarts_total);
        result.nodes.push_back(
            node.last_incident
                ? static_cast<std::uint64_t>(node.last_incident->at.time_since_epoch().count())
                : 0);
    }
    return result;
}

StateStore::StateStore(const std::string& directory, const std::string& runtime_directory,
                       std::string boot_id)
    : path_(directory + "/state.toml"),
      copy_(runtime_directory.empty() ? "" : runtime_directory + "/state.toml"),
      boot_id_(std::move(boot_id)) {}

DurableState StateStore::load(std::string& problem) {
    // The copy is never older than the file.
    for (const std::string& path : {copy_, path_}) {
        if (path.empty()) continue;
        Result<std::string> text = read_file(path);
        if (!text) {
            if (text.error().code != Errc::not_found) problem = text.error().message;
            continue;
        }
        Diagnostics diagnostics;
        DurableState state = read_state(*text, path, diagnostics);
        Result<void> read = diagnostics.result();
        if (read) return state;
        std::string aside = path + ".unreadable";
        problem = "the remembered state cannot be read and is kept as " + aside + ": " +
                  read.error().message;
        if (std::rename(path.c_str(), aside.c_str()) != 0) problem += ": " + errno_text(errno);
    }
    return {};
}

bool StateStore::is_urgent(const SupervisorState& state) const {
    return weighty(state) != weighty_;
}

Result<void> StateStore::write_copy(const std::string& text) {
    if (copy_.empty() || text == copy_text_) return {};
    std::string temporary = copy_ + ".tmp";
    {
        UniqueFd fd = TRY(open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
        TRY(write_all(fd.get(), text).context(temporary));
    }
    if (std::rename(temporary.c_str(), copy_.c_str()) != 0)
        return fail_errno("cannot rename " + temporary, errno);
    copy_text_ = text;
    return {};
}

Result<void> StateStore::note(const SupervisorState& state) {
    if (copy_.empty()) return save(state);
    TRY(write_copy(write_state(state, boot_id_)).context("cannot remember the state"));
    weighty_ = weighty(state);
    return {};
}

Result<void> StateStore::save(const SupervisorState& state) {
    std::string text = write_state(state, boot_id_);
    TRY(write_copy(text).context("cannot remember the state"));
    if (text != saved_text_) {
        TRY(write_file_durably(path_, text, 0600).context("cannot remember the state"));
        saved_text_ = std::move(text);
    }
    weighty_ = weighty(state);
    return {};
}

} // namespace lakebed
