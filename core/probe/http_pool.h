// HttpPool: the HTTP transfers of one loop, on one libcurl multi handle with one pool of
// connections.
//
// A multi handle for each probe would cost three file descriptors and some 20 KiB each at rest. The
// sockets have an epoll of their own: the loop takes one event at a turn and looks at all that are
// ready in each, so that a hundred answers of one moment would be looked at ten thousand times.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "probe/curl_transfer.h"
#include "probe/loop_source.h"
#include "sys/unique_fd.h"

namespace lakebed {

class HttpPool : public std::enable_shared_from_this<HttpPool> {
  public:
    using Done = std::function<void(int curl_code)>;

    // The one of `loop`, made for its first user and gone with the last.
    [[nodiscard]] static std::shared_ptr<HttpPool> of(sd_event* loop);
    HttpPool(const HttpPool&) = delete;
    HttpPool& operator=(const HttpPool&) = delete;

    // Calls `done` once, later, from the loop; it may start or cancel any transfer. False when
    // libcurl does not take it.
    [[nodiscard]] bool start(CurlTransfer& transfer, Done done);
    // Its connection is closed when it is in the middle of something.
    void cancel(CurlTransfer& transfer);

  private:
    struct FreeMulti {
        void operator()(void* multi) const noexcept;
    };
    explicit HttpPool(sd_event* loop);
    static int on_socket_wish(void* easy, int fd, int what, void* self, void* unused);
    static int on_timer_wish(void* multi, long milliseconds, void* self);
    void take_ready();
    void drive(int fd, int curl_events);

    sd_event* loop_;
    UniqueFd sockets_; // epoll
    LoopSource source_;
    LoopSource timer_;
    std::map<void*, Done> running_; // by CURL*
    std::unique_ptr<void, FreeMulti> multi_;
};

} // namespace lakebed
