#include "init/jvm_command.h"

#include <gmock/gmock.h>

namespace lakebed {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

JvmCommand command(std::vector<std::string> arguments,
                   const std::vector<std::string>& environment = {}) {
    arguments.insert(arguments.begin(), "/jre/bin/java");
    auto read = read_jvm_command(arguments, environment);
    EXPECT_TRUE(read) << read.error().message;
    return read.value_or(JvmCommand{});
}

TEST(JvmCommand, TakesTheClassPathFromTheEnvironmentOrTheCommandLine) {
    EXPECT_EQ(command({"Main", "-cp", "/of/main"}, {"A=b", "CLASSPATH=/a.jar:/b.jar"}).class_path,
              "/a.jar:/b.jar");
    for (const char* option : {"-cp", "-classpath", "--class-path"})
        EXPECT_EQ(command({"-Xmx1g", option, "/c.jar", "Main"}, {"CLASSPATH=/a.jar"}).class_path,
                  "/c.jar");
    EXPECT_EQ(command({"--class-path=/c.jar", "Main"}).class_path, "/c.jar");
    EXPECT_EQ(command({"-jar", "/app.jar", "-cp", "/of/main"}, {"CLASSPATH=/a"}).class_path,
              "/app.jar");
    EXPECT_EQ(
        command({"--add-opens", "java.base/java.lang=ALL-UNNAMED", "-cp", "/c", "M"}).class_path,
        "/c");
}

TEST(JvmCommand, TakesOnlyTheFlagsAnArchiveMustAgreeWith) {
    EXPECT_THAT(command({"@/run/x/jvm.args", "-Xms2g", "-Xmx2g", "-XX:+UseSerialGC",
                         "-XX:TieredStopAtLevel=1", "-Dx=y", "-XX:-CompactStrings",
                         "-XX:ObjectAlignmentInBytes=16", "-Xbootclasspath/a:/b.jar",
                         "-XX:OnOutOfMemoryError=/bin/sh", "-javaagent:/x.jar", "Main",
                         "-XX:-UseCompressedOops"})
                    .flags,
                ElementsAre("-XX:-CompactStrings", "-XX:ObjectAlignmentInBytes=16",
                            "-Xbootclasspath/a:/b.jar", "-Xmx512m"));
    EXPECT_THAT(command({"-XX:+UseZGC", "Main"}).flags, ElementsAre("-XX:+UseZGC", "-Xmx512m"));
}

TEST(JvmCommand, KeepsAHeapThatIsTooLargeForCompressedPointers) {
    EXPECT_THAT(command({"-Xmx32g", "Main"}).flags, ElementsAre("-Xmx32g"));
    EXPECT_THAT(command({"-Xmx40960m", "Main"}).flags, ElementsAre("-Xmx40960m"));
    EXPECT_THAT(command({"-Xmx34359738368", "Main"}).flags, ElementsAre("-Xmx34359738368"));
    EXPECT_THAT(command({"-Xmx30g", "Main"}).flags, ElementsAre("-Xmx512m"));
    EXPECT_THAT(command({"-Xmxlots", "Main"}).flags, ElementsAre("-Xmx512m"));
}

TEST(JvmCommand, OfModulesCannotUseAnArchive) {
    auto read = read_jvm_command({"java", "--module-path=/m", "-m", "a/b"}, {});
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::refused);
    EXPECT_THAT(read.error().message, HasSubstr("--module-path"));
}

TEST(JvmCommand, ArchivesTheClassPathUpToTheFirstDirectory) {
    auto is_directory = [](const std::string& path) { return path.starts_with("/run"); };
    EXPECT_EQ(archivable_class_path("/a.jar:/lib/*::/b.jar:/run/x:/c.jar", is_directory),
              "/a.jar:/lib/*:/b.jar");
    EXPECT_EQ(archivable_class_path("/run/x:/a.jar", is_directory), "");
    EXPECT_EQ(archivable_class_path("/a.jar:relative.jar:/b.jar", is_directory), "/a.jar");
    EXPECT_EQ(archivable_class_path("", is_directory), "");
}

TEST(ClassList, KeepsClassesAndLambdasAndNothingElse) {
    const std::string good =
        "java/lang/Object\nscala/collection/immutable/$colon$colon\na/package-info\n"
        "@lambda-proxy a/B run ()Ljava/lang/Runnable; ()V REF_invokeStatic a/B lambda$x$0 ([I)V\n"
        "@lambda-form-invoker [LF_RESOLVE] java.lang.invoke.DirectMethodHandle$Holder invokeStatic "
        "L3I_V\n";
    ClassList list = filter_class_list("# NOTE: a comment\n\n" + good +
                                       "a/B id: 7 super: 1 source: /etc/shadow\n"
                                       "@other x\n-XX:Flags=x y\na/\tB\n\x01\n" +
                                       std::string(5000, 'a') + "\njava/lang/Unfinish");
    EXPECT_EQ(list.text, good);
    EXPECT_EQ(list.lines, 5);
}

TEST(JvmArguments, AreWhatTheJvmReads) {
    EXPECT_EQ(jvm_arguments_using("/c/x.jsa"), "-XX:SharedArchiveFile=/c/x.jsa\n");
    EXPECT_EQ(jvm_arguments_recording("/run/x"), "-XX:DumpLoadedClassList=/run/x/classes.list\n");
}

TEST(JvmArguments, OfAProcessAreSeparatedByZeros) {
    using namespace std::string_literals;
    EXPECT_THAT(split_at_zeros("java\0-cp\0\0Main\0"s), ElementsAre("java", "-cp", "", "Main"));
    EXPECT_THAT(split_at_zeros("unfinished"), ElementsAre("unfinished"));
    EXPECT_THAT(split_at_zeros(""), ElementsAre());
}

} // namespace
} // namespace lakebed
