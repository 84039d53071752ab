// SystemdConnection: systemd for a daemon. Calls answer by callback, signals come as hints, and a
// connection that breaks (daemon-reexec, a restart of dbus) is made again by itself.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sys/event_loop.h"
#include "sys/systemd_unit.h"

namespace lakebed {

struct SystemdJob {
    std::uint32_t id = 0;
    std::string unit;
    std::string type; // start | stop | restart …
    bool operator==(const SystemdJob&) const = default;
};

struct SystemdEvents {
    std::function<void()> connected; // also after each reconnect: anything may have changed
    std::function<void(const std::string& why)> disconnected;
    // What it has become, where the signal tells it for sure.
    std::function<void(const std::string& unit, const UnitProperties& now)> unit_changed;
    // It has failed by itself or come up; what it is now is told by the others, a little later.
    std::function<void(const std::string& unit)> unit_turned;
    // Something about it changed: read it. What the signal itself says may be a state in passing
    // (`failed` before `auto-restart`), which no read shows, as PID 1 answers between its turns.
    std::function<void(const std::string& unit)> unit_hint;
    std::function<void(std::uint32_t id, const std::string& unit)> job_new;
    // `now` is what the unit is, where the signals before it tell for sure: it is up.
    std::function<void(std::uint32_t id, const std::string& unit, const std::string& result,
                       const std::optional<UnitProperties>& now)>
        job_removed;
    std::function<void()> reloaded; // unit files were read again
};

enum class JobVerb { start, stop, restart };

class SystemdConnection {
  public:
    template <class T> using Reply = std::function<void(Result<T>)>;

    // Connects from the loop; `loop` must outlive it.
    SystemdConnection(EventLoop& loop, SystemdEvents events);
    ~SystemdConnection();
    SystemdConnection(const SystemdConnection&) = delete;
    SystemdConnection& operator=(const SystemdConnection&) = delete;

    [[nodiscard]] bool connected() const;

    // Replies come from the loop in the order of the calls, and among the signals in the order in
    // which PID 1 wrote them, so that a reply knows of all that was signalled before it; without a
    // connection, at once with an Error. Those under way when it breaks may never come:
    // `disconnected` stands for them.
    // The first time all its properties, which keeps PID 1 busy for 2 ms and more (UnitFileState
    // has it read the directories of units); later its state and job only, when the signals told
    // the rest.
    void read_unit(const std::string& unit, Reply<UnitProperties> reply);
    void read_job_type(std::uint32_t id, Reply<std::string> reply);
    void list_jobs(Reply<std::vector<SystemdJob>> reply);
    void read_system_state(Reply<std::string> reply);

    // Mode fail: never undoes a job that somebody else has queued (F9). Answers with the job's id.
    void queue_job(JobVerb verb, const std::string& unit, Reply<std::uint32_t> reply);
    void reset_failed(const std::string& unit, Reply<void> reply);
    // To the main process only.
    void signal_main(const std::string& unit, int signal, Reply<void> reply);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

[[nodiscard]] std::string_view to_string(JobVerb verb); // "start"

} // namespace lakebed
