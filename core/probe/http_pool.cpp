#include "probe/http_pool.h"

#include <utility>

#include <sys/epoll.h>

#include <curl/curl.h>

namespace lakebed {
namespace {

// Kept connections; more than there will be services on one machine.
constexpr long kMostConnections = 4096;

} // namespace

void HttpPool::FreeMulti::operator()(void* multi) const noexcept {
    curl_multi_cleanup(multi);
}

std::shared_ptr<HttpPool> HttpPool::of(sd_event* loop) {
    thread_local std::map<sd_event*, std::weak_ptr<HttpPool>> pools;
    std::erase_if(pools, [](const auto& entry) { return entry.second.expired(); });
    std::weak_ptr<HttpPool>& known = pools[loop];
    if (std::shared_ptr<HttpPool> pool = known.lock()) return pool;
    std::shared_ptr<HttpPool> pool(new HttpPool(loop));
    known = pool;
    return pool;
}

HttpPool::HttpPool(sd_event* loop) : loop_(loop), multi_(curl_multi_init()) {
    if (!multi_) return;
    curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &HttpPool::on_socket_wish);
    curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &HttpPool::on_timer_wish);
    curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, kMostConnections);
}

bool HttpPool::start(CurlTransfer& transfer, Done done) {
    if (!multi_ || transfer.handle() == nullptr) return false;
    // libcurl starts by asking for a timer, so nothing happens before we are back in the loop.
    if (curl_multi_add_handle(multi_.get(), transfer.handle()) != CURLM_OK) return false;
    running_[transfer.handle()] = std::move(done);
    return true;
}

void HttpPool::cancel(CurlTransfer& transfer) {
    if (running_.erase(transfer.handle()) != 0)
        curl_multi_remove_handle(multi_.get(), transfer.handle());
}

int HttpPool::on_socket_wish(void*, int fd, int what, void* userdata, void*) {
    auto* self = static_cast<HttpPool*>(userdata);
    self->sockets_.erase(fd);
    if (what == CURL_POLL_REMOVE) return 0;
    std::uint32_t events = 0;
    if (what & CURL_POLL_IN) events |= EPOLLIN;
    if (what & CURL_POLL_OUT) events |= EPOLLOUT;
    auto source = watch_fd(self->loop_, fd, events, [self, fd](std::uint32_t ready) {
        int happened = 0;
        if (ready & (EPOLLIN | EPOLLHUP)) happened |= CURL_CSELECT_IN;
        if (ready & EPOLLOUT) happened |= CURL_CSELECT_OUT;
        if (ready & EPOLLERR) happened |= CURL_CSELECT_ERR;
        self->drive(fd, happened);
    });
    if (!source) return -1;
    self->sockets_[fd] = *std::move(source);
    return 0;
}

int HttpPool::on_timer_wish(void*, long milliseconds, void* userdata) {
    auto* self = static_cast<HttpPool*>(userdata);
    self->timer_.reset();
    if (milliseconds < 0) return 0;
    auto timer = run_after(self->loop_, std::chrono::milliseconds(milliseconds),
                           [self] { self->drive(CURL_SOCKET_TIMEOUT, 0); });
    if (!timer) return -1;
    self->timer_ = *std::move(timer);
    return 0;
}

void HttpPool::drive(int fd, int curl_events) {
    std::shared_ptr<HttpPool> alive = shared_from_this(); // a callback may end its last user
    int running = 0;
    curl_multi_socket_action(multi_.get(), fd, curl_events, &running);
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        void* easy = message->easy_handle;
        int code = message->data.result; // the message dies with the next call
        curl_multi_remove_handle(multi_.get(), easy);
        if (auto ended = running_.extract(easy)) ended.mapped()(code);
    }
}

} // namespace lakebed
