// StateStore: keeps what lakebedd must remember over its own death and over a reboot.
//
// How it works: a copy in the runtime directory (tmpfs, outlives lakebedd but not the boot) is
// written before anything is done that cannot be told from the machine afterwards; it costs 0.1 ms.
// The file on disk costs two fsyncs (7 ms and more, a third of a restart) and follows within a
// second, or at once for an operator's wish. A power cut in between takes with it what the next
// boot would hardly use: the last incident.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/durable.h"
#include "engine/supervisor.h"

namespace lakebed {

// What must be written before the engine's actions are carried out: RestartUnit and StopUnit erase
// the unit's result and InvocationID, an operator's wish and a spent budget exist nowhere else.
struct Weighty {
    std::string target_run;
    std::vector<std::uint64_t> nodes;
    bool operator==(const Weighty&) const = default;
};
[[nodiscard]] Weighty weighty(const SupervisorState& state);

class StateStore {
  public:
    // Without a runtime directory every write goes to disk.
    StateStore(const std::string& directory, const std::string& runtime_directory,
               std::string boot_id);

    // What was remembered; a file that is absent gives the empty state, one that cannot be read is
    // moved aside and gives it too, with the reason in `problem`.
    [[nodiscard]] DurableState load(std::string& problem);

    // True when `state` differs from what was written in something weighty.
    [[nodiscard]] bool is_urgent(const SupervisorState& state) const;

    // Outlives lakebedd when it returns.
    [[nodiscard]] Result<void> note(const SupervisorState& state);
    // Outlives the machine when it returns; nothing is written when nothing changed.
    [[nodiscard]] Result<void> save(const SupervisorState& state);

    [[nodiscard]] const std::string& boot_id() const { return boot_id_; }

  private:
    [[nodiscard]] Result<void> write_copy(const std::string& text);

    std::string path_;
    std::string copy_; // empty: none
    std::string boot_id_;
    Weighty weighty_; // as last written
    std::string copy_text_;
    std::string saved_text_;
};

} // namespace lakebed
