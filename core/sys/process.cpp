#include "sys/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

extern char** environ;

namespace lakebed {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kTick{250};
constexpr milliseconds kGrace{5000}; // between SIGTERM and SIGKILL

struct Pipe {
    UniqueFd read;
    UniqueFd write;
};

Result<Pipe> make_pipe() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) return fail_errno("cannot make a pipe", errno);
    return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

// What the child needs after fork(), made before it: there, only async-signal-safe calls may
// follow.
struct Prepared {
    std::string program;
    std::vector<char*> argv;
    std::vector<std::string> environment;
    std::vector<char*> envp;
};

std::string_view name_of(std::string_view assignment) {
    return assignment.substr(0, assignment.find('='));
}

Result<Prepared> prepare(const ChildSpec& spec) {
    Prepared made;
    made.program = spec.argv.at(0);
    if (made.program.find('/') == std::string::npos) made.program = TRY(find_program(made.program));
    for (const std::string& argument : spec.argv)
        made.argv.push_back(const_cast<char*>(argument.c_str()));
    made.argv.push_back(nullptr);
    if (!spec.clear_environment) {
        for (char** entry = environ; *entry; ++entry) {
            bool replaced = std::any_of(
                spec.environment.begin(), spec.environment.end(),
                [&](const std::string& own) { return name_of(own) == name_of(*entry); });
            if (!replaced) made.environment.emplace_back(*entry);
        }
    }
    made.environment.insert(made.environment.end(), spec.environment.begin(),
                            spec.environment.end());
    for (const std::string& entry : made.environment)
        made.envp.push_back(const_cast<char*>(entry.c_str()));
    made.envp.push_back(nullptr);
    return made;
}

// In the child: never returns. What went wrong is sent through `report` as an errno value.
[[noreturn]] void become(const ChildSpec& spec, const Prepared& made, int in, int out, int err,
                         int report) {
    auto give_up = [&] {
        int error = errno;
        (void)!::write(report, &error, sizeof error); // nobody left to tell when this fails
        ::_exit(127);
    };
    ::setpgid(0, 0);
    // Our handlers and mask are ours: a child that inherits a blocked SIGTERM cannot be stopped.
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number)
        if (number != SIGKILL && number != SIGSTOP) ::sigaction(number, &standard, nullptr);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    if (::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(err, 2) < 0) give_up();
    if (spec.user) {
        if (::setgroups(0, nullptr) != 0 || ::setgid(spec.user->gid) != 0 ||
            ::setuid(spec.user->uid) != 0)
            give_up();
    }
    // After setuid(), which clears it. The child must not outlive us when we are killed.
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (!spec.directory.empty() && ::chdir(spec.directory.c_str()) != 0) give_up();
    ::execve(made.program.c_str(), made.argv.data(), made.envp.data());
    give_up();
    ::_exit(127);
}

void append_limited(std::string& to, std::string_view bytes, std::size_t limit) {
    to.append(bytes);
    if (to.size() > limit) to.erase(0, to.size() - limit); // the end is what explains a failure
}

// Parent side of one running child.
class Running {
  public:
    Running(const ChildSpec& spec, pid_t pid, UniqueFd in, UniqueFd out, UniqueFd err)
        : spec_(spec), pid_(pid), in_(std::move(in)), streams_{std::move(out), std::move(err)} {
        // Without pidfds (Linux before 5.3) poll() ends every kTick and waitpid() asks.
        pidfd_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
        if (in_.valid()) ::fcntl(in_.get(), F_SETFL, O_NONBLOCK);
    }

    ChildExit run() {
        auto next_tick = Clock::now() + kTick;
        auto deadline = Clock::time_point::max();
        if (spec_.timeout) deadline = Clock::now() + *spec_.timeout;
        while (!reaped_ || streams_open()) {
            wait_for_something(next_tick);
            auto now = Clock::now();
            if (now >= next_tick) {
                next_tick = now + kTick;
                if (spec_.on_tick) spec_.on_tick();
            }
            if (!reaped_) reap();
            if (reaped_ && !closing_at_) closing_at_ = now + kTick;
            // A grandchild may hold our pipes for ever; what has not come shortly after the end of
            // the child is not waited for.
            if (reaped_ && now >= *closing_at_) break;
            if (!term_at_ && !reaped_) {
                exit_.cancelled = cancelled(spec_.cancel);
                exit_.timed_out = !exit_.cancelled && now >= deadline;
                if (exit_.cancelled || exit_.timed_out) {
                    ::kill(-pid_, SIGTERM);
                    term_at_ = now;
                }
            } else if (term_at_ && !reaped_ && now >= *term_at_ + kGrace) {
                ::kill(-pid_, SIGKILL);
            }
        }
        return std::move(exit_);
    }

  private:
    [[nodiscard]] bool streams_open() const { return streams_[0].valid() || streams_[1].valid(); }

    void wait_for_something(Clock::time_point until) {
        std::array<pollfd, 4> fds = {pollfd{streams_[0].get(), POLLIN, 0},
                                     pollfd{streams_[1].get(), POLLIN, 0},
                                     pollfd{in_.valid() ? in_.get() : -1, POLLOUT, 0},
                                     pollfd{reaped_ ? -1 : pidfd_.get(), POLLIN, 0}};
        auto left = std::chrono::duration_cast<milliseconds>(until - Clock::now());
        int timeout = static_cast<int>(std::max<milliseconds::rep>(0, left.count()));
        if (!pidfd_.valid() && !reaped_) timeout = std::min(timeout, 20);
        if (::poll(fds.data(), fds.size(), timeout) <= 0) return;
        for (int i = 0; i < 2; ++i)
            if (fds[static_cast<std::size_t>(i)].revents) receive(i);
        if (fds[2].revents) feed();
    }

    void receive(int stream) {
        char buffer[65536];
        UniqueFd& fd = streams_[static_cast<std::size_t>(stream)];
        ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) return;
        if (count <= 0) {
            fd.reset();
            return;
        }
        std::string_view bytes(buffer, static_cast<std::size_t>(count));
        append_limited(stream == 0 ? exit_.output : exit_.errors, bytes, spec_.output_limit);
        if (spec_.on_output) spec_.on_output(bytes);
    }

    void feed() {
        std::string_view rest = std::string_view(spec_.input).substr(fed_);
        ssize_t count = rest.empty() ? 0 : ::write(in_.get(), rest.data(), rest.size());
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
        if (count > 0) fed_ += static_cast<std::size_t>(count);
        if (count <= 0 || fed_ == spec_.input.size()) in_.reset(); // EPIPE: it does not want more
    }

    void reap() {
        siginfo_t info{};
        if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
            info.si_pid != pid_)
            return;
        // What is left of a group that was told to stop goes now: once its leader is reaped, its
        // number may belong to strangers.
        if (term_at_) ::kill(-pid_, SIGKILL);
        int status = 0;
        ::waitpid(pid_, &status, 0);
        reaped_ = true;
        exit_.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }

    const ChildSpec& spec_;
    pid_t pid_;
    UniqueFd in_;
    std::array<UniqueFd, 2> streams_;
    UniqueFd pidfd_;
    std::size_t fed_ = 0;
    bool reaped_ = false;
    std::optional<Clock::time_point> term_at_;
    std::optional<Clock::time_point> closing_at_;
    ChildExit exit_;
};

// A child that closes its input early must not kill us; the signal is taken back from this thread
// only, so no other part of the program notices.
class WithoutSigpipe {
  public:
    WithoutSigpipe() {
        ::sigemptyset(&pipe_);
        ::sigaddset(&pipe_, SIGPIPE);
        ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    ~WithoutSigpipe() {
        timespec now{};
        while (::sigtimedwait(&pipe_, nullptr, &now) > 0) {
        }
        ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    WithoutSigpipe(const WithoutSigpipe&) = delete;
    WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;

  private:
    sigset_t pipe_{};
    sigset_t before_{};
};

} // namespace

Result<ChildExit> run_child(const ChildSpec& spec) {
    Prepared made = TRY(prepare(spec));
    Pipe in = TRY(make_pipe()), out = TRY(make_pipe()), err = TRY(make_pipe());
    Pipe report = TRY(make_pipe());
    pid_t pid = ::fork();
    if (pid < 0) return fail_errno("cannot start " + made.program, errno);
    if (pid == 0)
        become(spec, made, in.read.get(), out.write.get(), err.write.get(), report.write.get());
    ::setpgid(pid, pid); // also here: whoever comes first; EACCES after its exec is as good
    in.read.reset();
    out.write.reset();
    err.write.reset();
    report.write.reset();
    int error = 0;
    ssize_t reported = 0;
    do {
        reported = ::read(report.read.get(), &error, sizeof error);
    } while (reported < 0 && errno == EINTR);
    if (reported == sizeof error) {
        ::waitpid(pid, nullptr, 0);
        auto failure = fail_errno("cannot run " + made.program, error);
        if (error == ENOENT) failure.value().code = Errc::not_found;
        return failure;
    }
    WithoutSigpipe guard;
    if (spec.input.empty()) in.write.reset();
    return Running(spec, pid, std::move(in.write), std::move(out.read), std::move(err.read)).run();
}

std::vector<std::string> find_programs(std::string_view name) {
    std::vector<std::string> found;
    const char* variable = std::getenv("PATH");
    std::string_view path =
        variable ? variable : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin";
    while (!path.empty()) {
        std::size_t colon = path.find(':');
        std::string_view directory = path.substr(0, colon);
        path = colon == std::string_view::npos ? std::string_view{} : path.substr(colon + 1);
        if (directory.empty() || directory.front() != '/') continue; // never the working directory
        std::string candidate = fmt::format("{}/{}", directory, name);
        struct stat info {};
        if (::access(candidate.c_str(), X_OK) == 0 && ::stat(candidate.c_str(), &info) == 0 &&
            S_ISREG(info.st_mode))
            found.push_back(std::move(candidate));
    }
    return found;
}

Result<std::string> find_program(std::string_view name) {
    std::vector<std::string> found = find_programs(name);
    if (found.empty()) return fail(Errc::not_found, fmt::format("{} not found on PATH", name));
    return found.front();
}

} // namespace lakebed
