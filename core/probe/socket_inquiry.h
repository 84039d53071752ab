// SocketInquiry: probes over a plain non-blocking socket (tcp, redis, thrift).
#pragma once

#include <functional>
#include <string>

#include "probe/loop_source.h"
#include "probe/probe.h"
#include "sys/unique_fd.h"

namespace lakebed {

// Reports at most once for each ask(), perhaps from within it.
using InquiryReport = std::function<void(ProbeOutcome)>;

class SocketInquiry {
  public:
    SocketInquiry(sd_event* loop, const ProbeSpec& spec, InquiryReport report);

    [[nodiscard]] bool wants_secrets() const { return !socket_.valid(); }
    void ask(const ProbeSecrets& secrets);
    void abort(); // closes the connection

  private:
    void connect();
    void connected();
    void send();
    void receive();
    void on_ready(std::uint32_t events);
    void watch(std::uint32_t events);
    void lost(std::string why);
    void end(ProbeOutcome outcome);
    [[nodiscard]] std::optional<ProbeOutcome> judge() const;

    sd_event* loop_;
    ProbeSpec spec_;
    InquiryReport report_;
    ProbeSecrets secrets_;
    UniqueFd socket_;
    LoopSource source_;
    bool connecting_ = false;
    bool fresh_ = true; // this answer is the first on its connection
    std::uint32_t sequence_ = 0;
    std::string to_send_;
    std::string received_;
};

} // namespace lakebed
