#include "sys/archive.h"

#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>

#include <gmock/gmock.h>

#include "support/archives.h"
#include "support/temp_dir.h"
#include "support/text.h"
#include "sys/files.h"

namespace lakebed {
namespace {

using test::ArchiveKind;
using test::ArchiveMember;
using test::make_archive;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Every path below a directory, sorted; directories end in "/", links show their target.
std::vector<std::string> tree(const std::string& root) {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
        std::string name = std::filesystem::relative(entry.path().parent_path(), root).string();
        name = (name == "." ? "" : name + "/") + entry.path().filename().string();
        if (entry.is_symlink())
            name += " -> " + std::filesystem::read_symlink(entry.path()).string();
        else if (entry.is_directory())
            name += "/";
        found.push_back(name);
    }
    std::sort(found.begin(), found.end());
    return found;
}

struct Archive : testing::Test {
    test::TempDir dir;
    std::string root = dir / "root";

    Archive() {
        std::filesystem::create_directories(root);
        dir.write("outside/secret", "untouched");
    }

    Result<ExtractReport> extract(const std::string& bytes, const ExtractOptions& options = {}) {
        std::string file = dir.write("archive", bytes);
        UniqueFd archive = *open_file(file, O_RDONLY);
        UniqueFd into = *open_file(root, O_RDONLY | O_DIRECTORY);
        return extract_archive(archive.get(), into.get(), options);
    }

    void expect_refused(const std::vector<ArchiveMember>& members, const std::string& why,
                        ArchiveKind kind = ArchiveKind::tar) {
        Result<ExtractReport> result = extract(make_archive(kind, members));
        ASSERT_FALSE(result.has_value());
        EXPECT_EQ(result.error().code, Errc::refused);
        EXPECT_THAT(result.error().message, HasSubstr(why));
        EXPECT_THAT(tree(dir / "outside"), ElementsAre("secret"));
        EXPECT_EQ(test::file_text(dir / "outside/secret"), "untouched");
        std::vector<std::string> around;
        for (const auto& entry : std::filesystem::directory_iterator(dir.path()))
            around.push_back(entry.path().filename());
        EXPECT_THAT(around, testing::UnorderedElementsAre("root", "outside", "archive"));
    }

    std::uint32_t mode_of(const std::string& name) {
        struct stat info {};
        EXPECT_EQ(::lstat((root + '/' + name).c_str(), &info), 0);
        return info.st_mode & 07777;
    }
};

TEST_F(Archive, of_each_kind_is_unpacked) {
    for (ArchiveKind kind :
         {ArchiveKind::tar, ArchiveKind::tar_gz, ArchiveKind::tar_xz, ArchiveKind::zip}) {
        ASSERT_TRUE(extract(make_archive(kind, {{"a/b.txt", "hello"}}),
                            {.to = std::to_string(static_cast<int>(kind))}));
        EXPECT_EQ(test::file_text(root + '/' + std::to_string(static_cast<int>(kind)) + "/a/b.txt"),
                  "hello");
    }
}

TEST_F(Archive, keeps_links_that_stay_inside) {
    ASSERT_TRUE(extract(
        make_archive(ArchiveKind::tar, {{"lib/libpq.so.5.17", "elf"},
                                        {"lib/libpq.so.5", "", AE_IFLNK, 0777, "libpq.so.5.17"},
                                        {"bin/lib", "", AE_IFLNK, 0777, "../lib"},
                                        {"copy", "", AE_IFREG, 0644, "", "lib/libpq.so.5.17"}})));
    EXPECT_THAT(tree(root), ElementsAre("bin/", "bin/lib -> ../lib", "copy", "lib/",
                                        "lib/libpq.so.5 -> libpq.so.5.17", "lib/libpq.so.5.17"));
    EXPECT_EQ(test::file_text(root + "/copy"), "elf");
}

TEST_F(Archive, masks_modes_whatever_the_umask) {
    mode_t before = ::umask(0);
    for (mode_t mask : {mode_t{0}, mode_t{077}}) {
        ::umask(mask);
        std::string to = std::to_string(mask);
        ASSERT_TRUE(extract(make_archive(ArchiveKind::tar, {{"dir", "", AE_IFDIR, 0777},
                                                            {"dir/plain", "x", AE_IFREG, 0666},
                                                            {"dir/suid", "x", AE_IFREG, 06755},
                                                            {"dir/tool", "x", AE_IFREG, 0700}}),
                            {.to = to}));
        EXPECT_EQ(mode_of(to), 0755U);
        EXPECT_EQ(mode_of(to + "/dir"), 0755U);
        EXPECT_EQ(mode_of(to + "/dir/plain"), 0644U);
        EXPECT_EQ(mode_of(to + "/dir/suid"), 0755U);
        EXPECT_EQ(mode_of(to + "/dir/tool"), 0755U);
    }
    ::umask(before);
}

TEST_F(Archive, with_a_name_that_leads_out_is_refused) {
    expect_refused({{"../outside/evil", "x"}}, "leads out of the archive");
    expect_refused({{"a/../../outside/evil", "x"}}, "leads out of the archive");
    expect_refused({{"../outside/evil", "x"}}, "leads out of the archive", ArchiveKind::zip);
}

TEST_F(Archive, with_an_absolute_name_is_refused) {
    expect_refused({{dir / "outside/evil", "x"}}, "has an absolute name");
    expect_refused({{dir / "outside/evil", "x"}}, "has an absolute name", ArchiveKind::zip);
}

TEST_F(Archive, with_a_link_that_leads_out_is_refused) {
    expect_refused({{"l", "", AE_IFLNK, 0777, "../outside"}, {"l/evil", "x"}},
                   "link that leads out");
    expect_refused({{"l", "", AE_IFLNK, 0777, dir / "outside"}, {"l/evil", "x"}},
                   "link that leads out");
    expect_refused({{"d/l", "", AE_IFLNK, 0777, "../../outside/secret"}}, "link that leads out");
}

TEST_F(Archive, with_a_link_that_leads_out_through_another_link_is_refused) {
    expect_refused({{"a/b/c", "", AE_IFDIR, 0755},
                    {"a/b/c/up", "", AE_IFLNK, 0777, "../../.."},
                    {"out", "", AE_IFLNK, 0777, "a/b/c/up/../outside"}},
                   "link that leads out");
}

TEST_F(Archive, with_a_file_behind_a_link_of_its_own_is_refused) {
    expect_refused({{"d", "", AE_IFDIR, 0755}, {"l", "", AE_IFLNK, 0777, "d"}, {"l/file", "x"}},
                   "is in the way of a directory");
}

TEST_F(Archive, with_a_hard_link_to_what_it_did_not_bring_is_refused) {
    expect_refused({{"h", "", AE_IFREG, 0644, "", "../outside/secret"}}, "leads out");
    expect_refused({{"h", "", AE_IFREG, 0644, "", dir / "outside/secret"}}, "absolute");
    expect_refused({{"h", "", AE_IFREG, 0644, "", "nothing"}}, "was not unpacked");
}

TEST_F(Archive, with_a_hard_link_to_a_link_is_refused) {
    expect_refused({{"d/l", "", AE_IFLNK, 0777, "../file"}, {"h", "", AE_IFREG, 0644, "", "d/l"}},
                   "no file");
}

TEST_F(Archive, with_a_device_or_fifo_is_refused) {
    expect_refused({{"null", "", AE_IFCHR, 0666}}, "neither file nor directory nor link");
    expect_refused({{"fifo", "", AE_IFIFO, 0666}}, "neither file nor directory nor link");
}

TEST_F(Archive, with_a_member_twice_is_refused) {
    expect_refused({{"a", "first"}, {"./a", "second"}}, "comes twice");
    EXPECT_EQ(test::file_text(root + "/a"), "first");
}

TEST_F(Archive, that_grows_beyond_measure_is_refused) {
    std::string bomb =
        make_archive(ArchiveKind::tar_gz, {{"zeros", std::string(std::size_t{40} << 20, '\0')}});
    ASSERT_LT(bomb.size(), std::size_t{100} << 10);
    Result<ExtractReport> result = extract(bomb);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, Errc::refused);
    EXPECT_THAT(result.error().message, HasSubstr("would make more than"));
    EXPECT_LE(std::filesystem::file_size(root + "/zeros"), std::uint64_t{40} << 20);
}

TEST_F(Archive, with_more_bytes_or_members_than_allowed_is_refused) {
    std::string bytes =
        make_archive(ArchiveKind::tar, {{"a", "12345"}, {"b", "12345"}, {"c", "1"}});
    EXPECT_THAT(extract(bytes, {.to = "x", .max_bytes = 8}).error().message,
                HasSubstr("more than 8 bytes"));
    EXPECT_THAT(extract(bytes, {.to = "y", .max_entries = 2}).error().message,
                HasSubstr("more than 2 members"));
}

TEST_F(Archive, that_is_truncated_is_an_error) {
    std::string noise; // does not compress, so that half of the archive is half of the file
    for (unsigned i = 0, x = 1; i < 200000; ++i)
        noise.push_back(static_cast<char>((x = x * 1664525 + 1013904223) >> 24));
    for (ArchiveKind kind :
         {ArchiveKind::tar, ArchiveKind::tar_gz, ArchiveKind::tar_xz, ArchiveKind::zip}) {
        std::string bytes = make_archive(kind, {{"a", noise}});
        EXPECT_FALSE(extract(bytes.substr(0, bytes.size() / 2),
                             {.to = std::to_string(static_cast<int>(kind))})
                         .has_value());
    }
}

TEST_F(Archive, that_is_none_is_an_error) {
    EXPECT_FALSE(extract("<html>Sign in</html>").has_value());
    EXPECT_FALSE(extract("").has_value());
}

TEST_F(Archive, gives_the_members_that_were_asked_for) {
    std::string bytes = make_archive(ArchiveKind::zip, {{"pkg/bin/psql", "psql"},
                                                        {"pkg/bin/other", "x"},
                                                        {"pkg/lib/a/libpq.so", "x"},
                                                        {"pkg/lib/py/x.py", "x"}});
    ASSERT_TRUE(extract(bytes, {.to = "client",
                                .include = {"pkg/bin/psql", "pkg/lib/**"},
                                .exclude = {"*/lib/py/**"},
                                .strip = 1,
                                .mode = 0755}));
    EXPECT_THAT(tree(root), ElementsAre("client/", "client/bin/", "client/bin/psql", "client/lib/",
                                        "client/lib/a/", "client/lib/a/libpq.so"));
    EXPECT_EQ(mode_of("client/bin/psql"), 0755U);
}

TEST_F(Archive, says_which_pattern_found_nothing) {
    std::string bytes = make_archive(ArchiveKind::zip, {{"a", "x"}});
    EXPECT_THAT(extract(bytes, {.include = {"a", "b*"}}).error().message,
                HasSubstr("nothing in it matches \"b*\""));
}

TEST_F(Archive, renames_one_member_and_no_second) {
    std::string bytes =
        make_archive(ArchiveKind::zip, {{"server-7.0-linux", "x"}, {"server-6", "y"}});
    ASSERT_TRUE(extract(bytes, {.to = "bin", .include = {"server-7*"}, .rename = "server"}));
    EXPECT_THAT(tree(root), ElementsAre("bin/", "bin/server"));
    EXPECT_THAT(extract(bytes, {.to = "two", .rename = "server"}).error().message,
                HasSubstr("is the second member to be named \"server\""));
}

TEST_F(Archive, inside_an_archive_is_unpacked_by_the_same_rules) {
    std::string inner =
        make_archive(ArchiveKind::tar_xz, {{"bin/postgres", "elf", AE_IFREG, 0755}});
    std::string outer = make_archive(ArchiveKind::zip, {{"META-INF/x", "x"}, {"pg.txz", inner}});
    ASSERT_TRUE(extract(outer, {.inner = "*.txz"}));
    EXPECT_THAT(tree(root), ElementsAre("bin/", "bin/postgres"));

    std::string evil = make_archive(ArchiveKind::tar_xz, {{"../outside/evil", "x"}});
    Result<ExtractReport> result =
        extract(make_archive(ArchiveKind::zip, {{"pg.txz", evil}}), {.inner = "*.txz"});
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, Errc::refused);
    EXPECT_THAT(tree(dir / "outside"), ElementsAre("secret"));
}

} // namespace
} // namespace lakebed
