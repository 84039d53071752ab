#include <gtest/gtest.h>

#include "probe/sql_session.h"

namespace lakebed {
namespace {

// The example of RFC 7677, section 3, in the form in which PostgreSQL stores it.
constexpr const char* kVerifier =
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

TEST(ScramMatches, KnowsThePasswordOfTheRfcAndNoOther) {
    EXPECT_TRUE(scram_matches(kVerifier, "pencil"));
    EXPECT_FALSE(scram_matches(kVerifier, "Pencil"));
    EXPECT_FALSE(scram_matches(kVerifier, ""));
}

TEST(ScramMatches, IsFalseForOtherFormsAndDamagedVerifiers) {
    EXPECT_FALSE(scram_matches("md5a6343a68d964ca596d9752250d54bb8a", "pencil"));
    EXPECT_FALSE(scram_matches("", ""));
    EXPECT_FALSE(scram_matches("SCRAM-SHA-256$4096:$:", "pencil"));
    EXPECT_FALSE(scram_matches("SCRAM-SHA-256$0:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d:wfPL", "pencil"));
    EXPECT_FALSE(scram_matches("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d", "pencil"));
}

} // namespace
} // namespace lakebed
