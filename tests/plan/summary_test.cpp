#include "plan/summary.h"

#include <gtest/gtest.h>

#include "support/small_profile.h"

namespace lakebed::test {
namespace {

TEST(Summary, shows_memory_and_ports) {
    Stack stack = small_stack("[service.web]\nlisten = \"::1\"\n").stack;
    EXPECT_EQ(memory_table(stack), "store         1 GiB\n"
                                   "sum           1 GiB of 12 GiB (RAM 16 GiB)\n");
    EXPECT_EQ(ports_table(stack), "store    port          127.0.0.1:7001\n"
                                  "store    admin_port    127.0.0.1:7002\n"
                                  "web      port          [::1]:7003\n");
}

} // namespace
} // namespace lakebed::test
