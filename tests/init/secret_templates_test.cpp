#include "init/secret_templates.h"

#include <sys/stat.h>

#include <gmock/gmock.h>

#include "support/temp_dir.h"
#include "support/text.h"

namespace lakebed {
namespace {

using test::TempDir;
using ::testing::HasSubstr;

constexpr const char* kNasty = R"(a&b<c>"d'e\f)";

std::string filled(const std::string& text, SecretEscape escape, const std::string& secret) {
    auto result = fill_template(text, escape,
                                [&](const std::string&) { return Result<std::string>(secret); });
    return result ? *result : "error: " + result.error().message;
}

unsigned mode_of(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0);
    return info.st_mode & 07777U;
}

TEST(SecretTemplate, EscapesAsTheFileWants) {
    EXPECT_EQ(filled("<value>@credential:x@</value>", SecretEscape::xml, kNasty),
              "<value>a&amp;b&lt;c&gt;&quot;d&apos;e\\f</value>");
    EXPECT_EQ(filled("p=@credential:x@\n", SecretEscape::properties, " a\\b"), "p=\\ a\\\\b\n");
    EXPECT_EQ(filled("p = \"@credential:x@\"", SecretEscape::json, kNasty),
              R"(p = "a&b<c>\"d'e\\f")");
    EXPECT_EQ(filled("p = '@credential:x@'", SecretEscape::postgres, kNasty),
              R"(p = 'a&b<c>"d''e\\f')");
    EXPECT_EQ(filled("p: @credential:x@", SecretEscape::none, kNasty), std::string("p: ") + kNasty);
}

TEST(SecretTemplate, KnowsTheFormatByTheName) {
    EXPECT_EQ(escape_for_file("core-site.xml"), SecretEscape::xml);
    EXPECT_EQ(escape_for_file("log4j2.properties"), SecretEscape::properties);
    EXPECT_EQ(escape_for_file("redis.conf"), SecretEscape::plain);
    EXPECT_EQ(escape_for_file("users.acl"), SecretEscape::plain);
    EXPECT_EQ(escape_for_file("postgresql.conf"), SecretEscape::postgres);
    EXPECT_EQ(escape_for_file("x.toml"), SecretEscape::json);
    EXPECT_EQ(escape_for_file("pg_hba.conf"), SecretEscape::postgres);
    EXPECT_EQ(escape_for_file("config.yaml"), SecretEscape::json);
    EXPECT_EQ(escape_for_file("gateway.yml"), SecretEscape::json);
    EXPECT_EQ(escape_for_file("spark-defaults.conf"), SecretEscape::properties);
    EXPECT_EQ(escape_for_file("jaas.conf"), SecretEscape::plain);
    EXPECT_EQ(escape_for_file("spark-env.sh"), SecretEscape::forbidden);
    EXPECT_EQ(escape_for_file("env"), SecretEscape::forbidden);
    EXPECT_EQ(escape_for_file("realm"), SecretEscape::none);
}

TEST(SecretTemplate, RefusesWhatTheFileCannotHoldAndDoesNotPrintIt) {
    for (const char* secret : {"with blank", "quo\"te", "back\\slash"}) {
        std::string text = filled("user app >@credential:redis-app@", SecretEscape::plain, secret);
        EXPECT_THAT(text,
                    HasSubstr("credential \"redis-app\" has a blank, a quote or a backslash"));
        EXPECT_EQ(text.find(secret), std::string::npos);
    }
    EXPECT_THAT(filled("@credential:x@", SecretEscape::properties, "pässword"),
                HasSubstr("outside ASCII"));
    EXPECT_THAT(filled("@credential:x@", SecretEscape::none, "a\tb"),
                HasSubstr("a control character"));
}

TEST(SecretTemplate, PutsNoSecretIntoAnEnvironment) {
    std::string text = filled("export KEY=@credential:x@", SecretEscape::forbidden, "s3cret");
    EXPECT_THAT(text, HasSubstr("credential \"x\" would stand in an environment"));
    EXPECT_EQ(filled("export A=1", SecretEscape::forbidden, "s3cret"), "export A=1");
}

TEST(SecretTemplate, HashesInLowerCaseHex) {
    EXPECT_EQ(filled("#@credential-sha256:x@ ~*", SecretEscape::plain, "abc"),
              "#ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad ~*");
}

TEST(SecretTemplate, LeavesOtherTextAlone) {
    EXPECT_EQ(filled("a@b.c @credentials @home@", SecretEscape::none, "x"),
              "error: \"@credentials @home@…\" is neither @credential:NAME@ nor "
              "@credential-sha256:NAME@");
    EXPECT_EQ(filled("a@b.c @home@ 50%", SecretEscape::none, "x"), "a@b.c @home@ 50%");
    EXPECT_THAT(filled("@credential:x y@", SecretEscape::none, "s"), HasSubstr("has no closing @"));
}

TEST(SecretTemplate, DoesNotFillWhatASecretContains) {
    EXPECT_EQ(filled("@credential:x@", SecretEscape::none, "@credential:y@"), "@credential:y@");
}

TEST(RenderSecrets, WritesEveryFileButItsOwnTwoAsPrivateFiles) {
    TempDir place;
    place.write("config/redis.conf", "requirepass @credential:redis-app@\n");
    place.write("config/users.acl", "user default off\n");
    place.write("config/probe.toml", "x");
    place.write("config/job.toml", "x");
    place.write("credentials/redis-app", "s3cret\n");
    place.write("run/redis.conf", "old");
    ASSERT_TRUE(
        render_secrets(place / "config", place / "run", {}, place / "credentials").has_value());
    EXPECT_EQ(test::file_text(place / "run/redis.conf"), "requirepass s3cret\n");
    EXPECT_EQ(test::file_text(place / "run/users.acl"), "user default off\n");
    EXPECT_FALSE(std::filesystem::exists(place / "run/probe.toml"));
    EXPECT_FALSE(std::filesystem::exists(place / "run/job.toml"));
    EXPECT_EQ(mode_of(place / "run/redis.conf"), 0600U);
}

TEST(RenderSecrets, LetsTheGroupReadWhenAskedTo) {
    TempDir place;
    place.write("config/spark-defaults.conf", "k @credential:key@\n");
    place.write("credentials/key", "a\\b\n");
    place.write("run/spark-defaults.conf", "old");
    ASSERT_TRUE(render_secrets(place / "config", place / "run", {}, place / "credentials", 0640)
                    .has_value());
    EXPECT_EQ(test::file_text(place / "run/spark-defaults.conf"), "k a\\\\b\n");
    EXPECT_EQ(mode_of(place / "run/spark-defaults.conf"), 0640U);
}

TEST(RenderSecrets, WritesOnlyTheFilesThatAreNamed) {
    TempDir place;
    place.write("config/a.conf", "a");
    place.write("config/b.conf", "b");
    std::filesystem::create_directory(place / "run");
    ASSERT_TRUE(render_secrets(place / "config", place / "run", {"b.conf"}, "").has_value());
    EXPECT_FALSE(std::filesystem::exists(place / "run/a.conf"));
    EXPECT_EQ(test::file_text(place / "run/b.conf"), "b");
}

TEST(RenderSecrets, NamesACredentialThatIsMissingEmptyOrOfSeveralLines) {
    TempDir place;
    place.write("config/a.conf", "@credential:pw@");
    std::filesystem::create_directory(place / "run");
    auto error = [&](const std::string& directory) {
        auto result = render_secrets(place / "config", place / "run", {}, directory);
        EXPECT_EQ(result.error().code, Errc::usage);
        return result.error().message;
    };
    EXPECT_THAT(error(""), HasSubstr("credential \"pw\" is needed"));
    EXPECT_THAT(error(place / "credentials"),
                HasSubstr("credential \"pw\" was not given to this unit"));
    place.write("credentials/pw", "\n");
    EXPECT_THAT(error(place / "credentials"), HasSubstr("is empty"));
    place.write("credentials/pw", "one\ntwo\n");
    EXPECT_THAT(error(place / "credentials"), HasSubstr("more than one line"));
    EXPECT_FALSE(std::filesystem::exists(place / "run/a.conf"));
}

} // namespace
} // namespace lakebed
