#include "base/result.h"

#include <cerrno>
#include <memory>

#include <gtest/gtest.h>

#include "base/diagnostics.h"

namespace lakebed {
namespace {

Result<int> half(int number) {
    if (number % 2 != 0) return fail(Errc::refused, "odd", "take an even one");
    return number / 2;
}

Result<std::unique_ptr<int>> quarter(int number) {
    int once = TRY(half(number));
    return std::make_unique<int>(TRY(half(once)));
}

TEST(Result, try_hands_on_the_value_or_the_error) {
    EXPECT_EQ(**quarter(12), 3);
    EXPECT_EQ(quarter(6).error(), (Error{Errc::refused, "odd", "take an even one"}));
}

TEST(Result, context_stands_before_the_message) {
    EXPECT_EQ(half(1).context("7").context("split").error().message, "split: 7: odd");
    EXPECT_EQ(*half(2).context("split"), 1);
}

TEST(Result, names_the_reason_of_the_system) {
    tl::unexpected<Error> error = fail_errno("open \"/x\"", ENOENT);
    EXPECT_EQ(error.value().message, "open \"/x\": No such file or directory");
}

TEST(Diagnostics, become_one_error_that_leaves_warnings_out) {
    Diagnostics diagnostics;
    EXPECT_TRUE(diagnostics.result().has_value());
    diagnostics.warning({"a.toml", 1, 2}, "odd");
    EXPECT_TRUE(diagnostics.result().has_value());
    diagnostics.error({"a.toml", 3, 4}, "wrong", "make it right");
    diagnostics.error({}, "bad");
    EXPECT_EQ(
        diagnostics.result(Errc::usage).error(),
        (Error{Errc::usage, "a.toml:3:4: error: wrong\n  fix: make it right\nerror: bad", ""}));
}

} // namespace
} // namespace lakebed
