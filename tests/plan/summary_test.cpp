#include "plan/summary.h"

#include <gtest/gtest.h>

#include "support/small_profile.h"

namespace lakebed::test {
namespace {

TEST(Summary, shows_memory_and_ports) {
    Stack stack = small_stack("[service.web]\nlisten = \"::1\"\n").stack;
    EXPECT_EQ(memory_table(stack), "store         1 GiB\n"
                                   "sum           1 GiB of 12 GiB (RAM 16 GiB, sizing standard)\n");
    EXPECT_EQ(ports_table(stack), "store    port          127.0.0.1:7001\n"
                                  "store    admin_port    127.0.0.1:7002\n"
                                  "web      port          [::1]:7003\n");
}

TEST(Summary, counts_the_memory_of_every_instance) {
    EXPECT_EQ(memory_table(small_stack("", {kWorkerConf}, {{std::uint64_t{8} << 30}}).stack),
              "worker x 3     128 MiB\n"
              "sum            384 MiB of 6.8 GiB (RAM 8 GiB, sizing small)\n");
}

TEST(Summary, says_what_to_set_for_a_service_that_is_left_out) {
    std::string conf = std::string(kWebConf) + "[variables]\njar = \"\"\nkey = \"\"\n";
    conf.insert(conf.find("[[need]]"), "configured_by = [\"jar\", \"key\"]\n");
    EXPECT_EQ(not_configured_table(small_stack("", {kStoreConf, conf}).stack),
              "web      set jar and key in [web]\n");
}

} // namespace
} // namespace lakebed::test
