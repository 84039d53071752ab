#include <gtest/gtest.h>

#include "input/profile.h"
#include "support/text.h"

namespace lakebed {
namespace {

using test::all_text;

TEST(Profile, lists_its_services_in_order) {
    Diagnostics diagnostics;
    Profile profile = read_profile("name = \"core\"\ntitle = \"T\"\nservices = [\"b\", \"a\"]\n",
                                   "p.toml", diagnostics);
    EXPECT_EQ(all_text(diagnostics), "");
    EXPECT_EQ(profile.services, (std::vector<std::string>{"b", "a"}));
    EXPECT_EQ(profile.service_pos[1], (SourcePos{"p.toml", 3, 18}));
}

TEST(Profile, may_have_acceptance_steps_of_its_own) {
    Diagnostics diagnostics;
    Profile profile = read_profile("name = \"p\"\nservices = [\"a\"]\n[[verify]]\nkind = \"sql\"\n"
                                   "deep = true\n",
                                   "p.toml", diagnostics);
    EXPECT_EQ(all_text(diagnostics), "");
    ASSERT_EQ(profile.verify.size(), 1U);
    EXPECT_EQ(write_toml(*profile.verify[0].table()), "kind = \"sql\"\ndeep = true\n");
    (void)read_profile("name = \"p\"\nservices = [\"a\"]\nverify = 1\n", "p.toml", diagnostics);
    EXPECT_EQ(all_text(diagnostics),
              "p.toml:3:10: error: verify is an integer, expected an array of tables\n");
}

TEST(Profile, reports_all_that_is_wrong_with_it) {
    Diagnostics diagnostics;
    (void)read_profile("name = \"Core!\"\nservices = [\"a\", 1, \"a\"]\nservice = []\n", "p.toml",
                       diagnostics);
    EXPECT_EQ(
        all_text(diagnostics),
        "p.toml:1:8: error: name is \"Core!\", expected lower-case letters, digits and . _ + -\n"
        "p.toml:2:18: error: a service is an integer, expected a string\n"
        "p.toml:2:21: error: service \"a\" is there twice\n"
        "p.toml:3:1: error: unknown key service\n  fix: did you mean services?\n");
}

TEST(Profile, that_does_not_parse_is_one_error) {
    Diagnostics diagnostics;
    (void)read_profile("name = \n", "p.toml", diagnostics);
    EXPECT_EQ(diagnostics.all().size(), 1U);
}

} // namespace
} // namespace lakebed
