// IncidentSaver: keeps what is known of each failure and hang, with the last words of the service.
//
// A dead process's last words may not be in the journal yet when systemd tells of its death, so a
// failure is saved a moment later; what hangs is about to be killed, and is saved at once.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "sys/event_loop.h"
#include "sys/incident_files.h"

namespace lakebed {

class IncidentSaver {
  public:
    // `name` is that of incident_files.h; empty when nothing could be saved.
    using Saved = std::function<void(const IncidentRecord& record, const std::string& name)>;

    // `loop` must outlive it.
    IncidentSaver(EventLoop& loop, std::string directory, Saved saved);
    IncidentSaver(const IncidentSaver&) = delete;
    IncidentSaver& operator=(const IncidentSaver&) = delete;
    ~IncidentSaver(); // saves what it still has to

    // A unit failed. Said of the same run again, it corrects what was said before.
    void failed(IncidentRecord record);
    // A unit hangs; what it says of itself must be in the journal by now. Its end as a hang, which
    // follows, is not saved again.
    void hangs(IncidentRecord record);

  private:
    struct Pending {
        IncidentRecord record;
        EventSource timer;
    };
    void save(const IncidentRecord& record, std::size_t lines);
    void save_pending(const std::string& unit);

    EventLoop& loop_;
    std::string directory_;
    Saved saved_;
    std::map<std::string, Pending> pending_;     // by unit
    std::map<std::string, std::string> hanging_; // run saved as hanging, by unit
    bool complained_ = false;
};

} // namespace lakebed
