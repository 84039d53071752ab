#include "model/class_archive.h"

#include <gtest/gtest.h>

namespace lakebed {
namespace {

TEST(ClassArchive, IsNamedAfterTheServiceAndWhatItMustAgreeWith) {
    std::string name = class_archive_name("flink-jobmanager", "jre 17.0.9\n");
    EXPECT_TRUE(is_class_archive_name(name, "flink-jobmanager")) << name;
    EXPECT_NE(name, class_archive_name("flink-jobmanager", "jre 17.0.10\n"));
    EXPECT_EQ(name, class_archive_name("flink-jobmanager", "jre 17.0.9\n"));
}

TEST(ClassArchive, OfOneServiceIsNotThatOfAnother) {
    EXPECT_TRUE(is_class_archive_name("spark-0123abcd.jsa", "spark"));
    for (const char* name :
         {"spark-history-0123abcd.jsa", "spark-0123abcd.jar", "spark-0123abcg.jsa",
          "spark-0123abcd0.jsa", "spark_0123abcd.jsa", "spark-/../abcd.jsa", ".spark-0123abcd.jsa",
          "spark.jsa", "flink-0123abcd.jsa"})
        EXPECT_FALSE(is_class_archive_name(name, "spark")) << name;
    EXPECT_FALSE(is_class_archive_name("-0123abcd.jsa", ""));
}

TEST(ClassArchive, IsNamedByTheUnitAlone) {
    EXPECT_EQ(class_archive_of_unit("[Service]\n# ExecStartPre=x --class-archive /comment\n"
                                    "Environment=X=a --class-archive /environment\n"
                                    "ExecStartPre=/l/lakebed-init render /c /r --class-archive "
                                    "/var/cache/lakebed/cds/x-0123abcd.jsa --group\nUser=x\n"),
              "/var/cache/lakebed/cds/x-0123abcd.jsa");
    EXPECT_EQ(class_archive_of_unit("ExecStartPre=/i render /c /r --class-archive /a.jsa"),
              "/a.jsa");
    EXPECT_EQ(class_archive_of_unit("[Service]\nExecStart=/bin/true\n"), std::nullopt);
    EXPECT_EQ(class_archive_of_unit(""), std::nullopt);
}

TEST(ClassArchive, IsOneForAllInstances) {
    EXPECT_EQ(service_of_node("worker@2"), "worker");
    EXPECT_EQ(service_of_node("redis"), "redis");
    EXPECT_EQ(unit_file_of_node("lakebed-worker@2.service"), "lakebed-worker@.service");
    EXPECT_EQ(unit_file_of_node("lakebed-redis.service"), "lakebed-redis.service");
}

} // namespace
} // namespace lakebed
