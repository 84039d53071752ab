// Result<T>: the value, or one Error that says what failed, on what, why, and what to do.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tl/expected.hpp>

namespace lakebed {

// Stable failure classes; their values are the exit codes of the programs
// (man page lakebed(1), "EXIT STATUS").
enum class Errc : int {
    failed = 1,        // the operation failed
    usage = 2,         // bad command line or configuration
    checks_failed = 3, // the host does not fulfil what the plan needs
    partial = 5,       // partially applied: run again
    locked = 6,        // another run holds the lock
    network = 7,       // network or source unavailable
    verification = 8,  // digest or signature mismatch
    refused = 9,       // refused for safety
    not_found = 10,    // not installed, or no such service
    temporary = 75,    // try again later (sysexits.h EX_TEMPFAIL)
};

struct Error {
    Errc code = Errc::failed;
    std::string message; // lower case, no full stop; context is prepended as "context: message"
    std::string hint;    // what to do about it; may be empty

    bool operator==(const Error&) const = default;
};

template <class T> class [[nodiscard]] Result : public tl::expected<T, Error> {
  public:
    using Base = tl::expected<T, Error>;
    using Base::Base;
    Result(Base&& base) : Base(std::move(base)) {}

    // Adds who asked for it: "CONTEXT: message". The caller who knows why adds it.
    [[nodiscard]] Result context(std::string_view what) && {
        if (!this->has_value()) this->error().message.insert(0, std::string(what) + ": ");
        return std::move(*this);
    }
};

inline tl::unexpected<Error> fail(std::string message, std::string hint = {}) {
    return tl::unexpected<Error>(Error{Errc::failed, std::move(message), std::move(hint)});
}

inline tl::unexpected<Error> fail(Errc code, std::string message, std::string hint = {}) {
    return tl::unexpected<Error>(Error{code, std::move(message), std::move(hint)});
}

// strerror() of a positive errno value, thread-safe.
[[nodiscard]] std::string errno_text(int error);

// "WHAT: <errno text>".
tl::unexpected<Error> fail_errno(std::string_view what, int error);

namespace detail {
template <class T> T take(Result<T>&& result) {
    return *std::move(result);
}
inline void take(Result<void>&&) {}
} // namespace detail

} // namespace lakebed

// Value of a Result, or return its Error from the enclosing function.
#define TRY(...)                                                                                   \
    ({                                                                                             \
        auto lakebed_try_result = (__VA_ARGS__);                                                   \
        if (!lakebed_try_result.has_value())                                                       \
            return tl::unexpected<::lakebed::Error>(std::move(lakebed_try_result).error());        \
        ::lakebed::detail::take(std::move(lakebed_try_result));                                    \
    })
