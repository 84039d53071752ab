#include "verify/public_policy.h"

#include <gtest/gtest.h>

namespace lakebed {
namespace {

TEST(PublicPolicy, EachFormOfEverybodyIsSeen) {
    EXPECT_TRUE(is_public_policy(R"({"Statement":[{"Effect":"Allow","Principal":"*"}]})"));
    EXPECT_TRUE(is_public_policy(R"({"Statement":[{"Principal": {"AWS": "*"}}]})"));
    EXPECT_TRUE(is_public_policy("{\"Principal\" : {\n\"AWS\": [ \"*\" ] } }"));
}

TEST(PublicPolicy, APolicyForOneUserIsPrivate) {
    EXPECT_FALSE(is_public_policy(
        R"({"Statement":[{"Principal":{"AWS":["arn:aws:iam::1:user/hive"]},"Action":"*"}]})"));
}

} // namespace
} // namespace lakebed
