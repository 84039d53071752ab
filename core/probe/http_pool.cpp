#include "probe/http_pool.h"

#include <array>
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

HttpPool::HttpPool(sd_event* loop)
    : loop_(loop), sockets_(epoll_create1(EPOLL_CLOEXEC)), multi_(curl_multi_init()) {
    auto source = watch_fd(loop_, sockets_.get(), EPOLLIN, [this](std::uint32_t) { take_ready(); });
    if (!source) multi_.reset();
    if (!multi_) return;
    source_ = *std::move(source);
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
    epoll_event wish{};
    wish.data.fd = fd;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(self->sockets_.get(), EPOLL_CTL_DEL, fd, &wish);
        return 0;
    }
    if (what & CURL_POLL_IN) wish.events |= EPOLLIN;
    if (what & CURL_POLL_OUT) wish.events |= EPOLLOUT;
    if (epoll_ctl(self->sockets_.get(), EPOLL_CTL_MOD, fd, &wish) == 0) return 0;
    return epoll_ctl(self->sockets_.get(), EPOLL_CTL_ADD, fd, &wish) == 0 ? 0 : -1;
}

void HttpPool::take_ready() {
    std::shared_ptr<HttpPool> alive = shared_from_this(); // a callback may end its last user
    std::array<epoll_event, 64> ready;
    const int count = epoll_wait(sockets_.get(), ready.data(), static_cast<int>(ready.size()), 0);
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = ready[static_cast<std::size_t>(i)];
        int happened = 0;
        if (event.events & (EPOLLIN | EPOLLHUP)) happened |= CURL_CSELECT_IN;
        if (event.events & EPOLLOUT) happened |= CURL_CSELECT_OUT;
        if (event.events & EPOLLERR) happened |= CURL_CSELECT_ERR;
        drive(event.data.fd, happened); // of one that was closed meanwhile libcurl knows nothing
    }
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
