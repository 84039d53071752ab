// Prober: asks a service in its own protocol whether it serves, on an sd-event loop.
//
// How it works: a Prober is made once for a service and started as often as wanted; it keeps its
// connection between probes, so a liveness probe costs one round trip. Nothing blocks but reading
// the (local) password files when it connects. lakebedd, lakebed-probe and verify all use this one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "model/probe_spec.h"

struct sd_event;

namespace lakebed {

struct ProbeOutcome {
    bool ok = false;
    bool progress = false;   // not ready, but it says that it is getting there (recovery, loading)
    bool cannot_ask = false; // we lack a file descriptor, say: nothing is known of the service
    bool fatal = false;      // waiting cannot cure it: the vendor's default credentials are served
    std::string detail; // "answers", or one clause why not: "connection refused"; never a secret
    bool operator==(const ProbeOutcome&) const = default;
};

// What a probe signs in with. `user` stands for the access key where the protocol is S3.
struct ProbeSecrets {
    std::string user;
    std::string password;
};

// Reads the files that the spec names; both strings may stay empty when it names none.
[[nodiscard]] Result<ProbeSecrets> read_probe_secrets(const ProbeSpec& spec);

// "redis at 127.0.0.1:6379", for messages.
[[nodiscard]] std::string probe_target(const ProbeSpec& spec);

class Prober {
  public:
    using Done = std::function<void(const ProbeOutcome&)>;

    // `loop` must outlive the Prober. Without `secrets` they are read again from their files at
    // each new connection, so a rotated password is picked up.
    Prober(sd_event* loop, ProbeSpec spec, std::optional<ProbeSecrets> secrets = {});
    Prober(Prober&&) noexcept;
    Prober& operator=(Prober&&) noexcept;
    ~Prober(); // cancels

    // Calls `done` exactly once, later, from the loop, within spec.timeout; it may start or destroy
    // this Prober. A probe under way is cancelled first.
    void start(Done done);

    // The callback of the probe under way is not called.
    void cancel();
    [[nodiscard]] bool busy() const;

    // Closes the kept connection: the next probe connects anew (the service was restarted).
    void disconnect();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

// One probe on a loop of its own; blocks for `timeout` (default: the spec's) at most.
[[nodiscard]] ProbeOutcome probe_once(const ProbeSpec& spec, std::optional<Duration> timeout = {},
                                      std::optional<ProbeSecrets> secrets = {});

} // namespace lakebed
