// PostgresInquiry: a query in a libpq session, without blocking.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "probe/loop_source.h"
#include "probe/probe.h"
#include "probe/socket_inquiry.h"

struct pg_conn;

namespace lakebed {

class PostgresInquiry {
  public:
    PostgresInquiry(sd_event* loop, const PostgresProbe& probe, InquiryReport report);

    [[nodiscard]] bool wants_secrets() const { return !connection_; }
    void ask(const ProbeSecrets& secrets);
    void abort(); // closes the session

  private:
    struct Finish {
        void operator()(pg_conn* connection) const noexcept;
    };

    void connect();
    void go_on_connecting();
    void query();
    void go_on_asking();
    void lost();
    void watch(std::uint32_t events, void (PostgresInquiry::*then)());
    void end(ProbeOutcome outcome);

    sd_event* loop_;
    PostgresProbe probe_;
    InquiryReport report_;
    ProbeSecrets secrets_;
    std::unique_ptr<pg_conn, Finish> connection_;
    LoopSource source_;
    bool fresh_ = true; // this answer is the first of its session
    bool has_row_ = false;
};

// What an error of libpq in its verbose form means: 57P03 (starting up, in recovery) is progress,
// the rest is told in the server's words without its LOCATION lines.
[[nodiscard]] ProbeOutcome postgres_error_outcome(std::string_view libpq_text);

} // namespace lakebed
