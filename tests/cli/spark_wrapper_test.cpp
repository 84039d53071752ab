// The one script behind lakebed-spark-sql and its links, run with a Spark that prints what it got.
#include <filesystem>

#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "support/temp_dir.h"
#include "support/text.h"
#include "sys/process.h"

namespace lakebed {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint32_t kNobody = 65534;

class SparkWrapper : public ::testing::Test {
  protected:
    SparkWrapper() {
        std::string text = test::file_text(std::filesystem::path(LAKEBED_SOURCE_DIR) /
                                           "packaging/bin/lakebed-spark-sql");
        const std::string fixed = "client=/run/lakebed/spark-client\n";
        auto at = text.find(fixed);
        EXPECT_NE(at, std::string::npos);
        text.replace(at, fixed.size(), "client=" + place_ / "client" + "\n");
        place_.write("bin/lakebed-spark-sql", text);
        for (const char* name : {"lakebed-spark-submit", "lakebed-pyspark", "lakebed-beeline"})
            std::filesystem::create_symlink("lakebed-spark-sql", place_ / "bin/" + name);
        for (const char* name : {"spark-sql", "spark-submit", "pyspark"}) {
            place_.write(std::string("spark/bin/") + name,
                         "#!/bin/sh\nprintf '%s' \"${0##*/}\"; printf ' [%s]' \"$@\"; echo; env\n");
            ::chmod((place_ / "spark/bin/" + name).c_str(), 0755);
        }
        ::chmod((place_ / "bin/lakebed-spark-sql").c_str(), 0755);
        ::chmod(place_.path().c_str(), 0755);
    }

    void write_client(const std::string& more = "") {
        place_.write("client/env", "# written at start\nSPARK_HOME=" + place_ / "spark" +
                                       "\nSPARK_LOCAL_IP=127.0.0.1\n" + more);
    }

    ChildExit run(std::vector<std::string> argv, std::vector<std::string> environment = {},
                  bool as_nobody = false) {
        argv[0] = place_ / "bin/" + argv[0];
        ChildSpec child{.argv = std::move(argv)};
        child.environment = {"PATH=/usr/bin:/bin"};
        child.environment.insert(child.environment.end(), environment.begin(), environment.end());
        child.clear_environment = true;
        if (as_nobody && ::geteuid() == 0) child.user = FileOwner{.uid = kNobody, .gid = kNobody};
        auto ended = run_child(child);
        EXPECT_TRUE(ended.has_value()) << ended.error().message;
        return ended.value_or(ChildExit{.status = -1});
    }

    test::TempDir place_;
};

TEST_F(SparkWrapper, RunsTheProgramOfItsOwnNameWithEachArgumentAsItWas) {
    write_client();
    auto ended = run({"lakebed-spark-sql", "-e", "select 'a  b' \"c\" $HOME"});
    EXPECT_EQ(ended.status, 0) << ended.errors;
    EXPECT_THAT(ended.output, HasSubstr("spark-sql [-e] [select 'a  b' \"c\" $HOME]\n"));
    EXPECT_THAT(run({"lakebed-spark-submit", "x.jar"}).output, HasSubstr("spark-submit [x.jar]"));
}

TEST_F(SparkWrapper, SetsTheValuesOfTheFileAsTheyStand) {
    write_client("SPARK_DIST_CLASSPATH=/a b/*:$(id)=`id`\nSPARK_CONF_DIR=/run/x");
    auto ended = run({"lakebed-spark-sql"}, {"SPARK_CONF_DIR=/other", "SPARK_HOME=/other"});
    EXPECT_THAT(ended.output, HasSubstr("\nSPARK_DIST_CLASSPATH=/a b/*:$(id)=`id`\n"));
    EXPECT_THAT(ended.output, HasSubstr("\nSPARK_CONF_DIR=/run/x\n"));
    EXPECT_THAT(ended.output, HasSubstr("\nSPARK_LOCAL_IP=127.0.0.1\n"));
}

TEST_F(SparkWrapper, HidesKeysAndRegionsOfTheCloudFromSpark) {
    write_client();
    auto ended = run({"lakebed-spark-sql"},
                     {"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_ACCESS_KEY_ID=a",
                      "AWS_SECRET_ACCESS_KEY=b", "AWS_SESSION_TOKEN=c"});
    EXPECT_EQ(ended.status, 0);
    EXPECT_THAT(ended.output, Not(HasSubstr("AWS_")));
}

TEST_F(SparkWrapper, SaysThatLakebedIsNotUpWhenThereIsNoFile) {
    auto ended = run({"lakebed-spark-sql"});
    EXPECT_EQ(ended.status, 10);
    EXPECT_THAT(ended.errors, HasSubstr("lakebed-spark-sql: there is no " + place_ / "client/env" +
                                        ": lakebed is not up, or its profile has no Spark"));
    EXPECT_THAT(ended.errors, HasSubstr("\n  fix: "));
}

TEST_F(SparkWrapper, SaysWhichGroupIsMissing) {
    write_client();
    ::chmod((place_ / "client/env").c_str(), 0600 & ~(::geteuid() == 0 ? 0U : 0400U));
    auto file = run({"lakebed-spark-sql"}, {}, true);
    EXPECT_EQ(file.status, 9);
    EXPECT_THAT(file.errors, HasSubstr("usermod -aG lakebed"));
    ::chmod((place_ / "client").c_str(), ::geteuid() == 0 ? 0700 : 0000);
    auto directory = run({"lakebed-spark-sql"}, {}, true);
    EXPECT_EQ(directory.status, 9);
    EXPECT_THAT(directory.errors, HasSubstr("may not read"));
    ::chmod((place_ / "client").c_str(), 0700);
}

TEST_F(SparkWrapper, NamesAProgramOfSparkThatIsNotThere) {
    write_client();
    std::filesystem::remove(place_ / "spark/bin/spark-sql");
    auto ended = run({"lakebed-spark-sql"});
    EXPECT_EQ(ended.status, 10);
    EXPECT_THAT(ended.errors, HasSubstr("there is no program " + place_ / "spark/bin/spark-sql"));
    EXPECT_EQ(run({"lakebed-beeline"}).status, 2);
}

TEST_F(SparkWrapper, TakesNoLineForACommand) {
    write_client("touch " + place_ / "touched" + "\n");
    EXPECT_EQ(run({"lakebed-spark-sql"}).status, 2);
    EXPECT_FALSE(std::filesystem::exists(place_ / "touched"));
}

TEST_F(SparkWrapper, WantsPythonOnlyWherePythonIsRun) {
    write_client();
    std::vector<std::string> none = {"PYSPARK_PYTHON=/nonexistent/python"};
    EXPECT_EQ(run({"lakebed-spark-submit", "x.jar"}, none).status, 0);
    for (const std::vector<std::string>& argv : {std::vector<std::string>{"lakebed-pyspark"},
                                                 {"lakebed-spark-submit", "--name", "n", "j.py"}}) {
        auto ended = run(argv, none);
        EXPECT_EQ(ended.status, 3);
        EXPECT_THAT(ended.errors, HasSubstr("there is no program \"/nonexistent/python\""));
    }
}

TEST_F(SparkWrapper, GivesPythonTheLibrariesOfSpark) {
    write_client();
    place_.write("spark/python/lib/py4j-0.10-src.zip", "");
    auto ended = run({"lakebed-pyspark"}, {"PYSPARK_PYTHON=/bin/true", "PYTHONPATH=/mine"});
    EXPECT_THAT(ended.output,
                HasSubstr("\nPYTHONPATH=" + place_ / "spark/python/lib/py4j-0.10-src.zip" + ":" +
                          place_ / "spark/python" + ":/mine\n"));
    EXPECT_THAT(run({"lakebed-spark-sql"}).output, Not(HasSubstr("PYTHONPATH")));
}

} // namespace
} // namespace lakebed
