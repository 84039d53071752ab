#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "host/steps.h"
#include "host_fixture.h"
#include "model/service_graph.h"
#include "sys/ports.h"
#include "sys/unique_fd.h"

namespace lakebed {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Reading = test::HostTest;

TEST_F(Reading, an_empty_host_finds_nothing) {
    Inventory inventory =
        *read_files_inventory(paths, {.paths = {dir / "none"}, .mounts = {paths.store}});
    EXPECT_EQ(inventory.generation, 0);
    EXPECT_THAT(inventory.paths, IsEmpty());
    EXPECT_FALSE(inventory.mounts.at(paths.store).mount_point.empty());
    EXPECT_GT(inventory.mounts.at(paths.store).free.bytes, 0U);
}

TEST_F(Reading, sees_files_directories_and_links_as_they_are) {
    dir.write("f", "abc");
    std::filesystem::permissions(dir / "f", std::filesystem::perms(0640));
    std::filesystem::create_directories(dir / "d");
    std::filesystem::create_symlink(dir / "f", dir / "l");
    Inventory inventory =
        *read_files_inventory(paths, {.paths = {dir / "f", dir / "d", dir / "l"}});
    PathInfo file{PathInfo::Type::file, 0640, test::own_user(), test::own_group(),
                  sha256_hex("abc")};
    EXPECT_EQ(inventory.paths.at(dir / "f"), file);
    EXPECT_TRUE(inventory.paths.at(dir / "d").empty);
    EXPECT_EQ(inventory.paths.at(dir / "l").type, PathInfo::Type::other);
}

TEST_F(Reading, sees_markers_store_entries_generation_and_manifest) {
    ServiceGraph graph;
    graph.site = "t";
    graph.site_id = "site-a";
    test::FilesHost files = host();
    Unpack unpack = unpack_step("a", {{.artifact = "d"}}, {{artifact("d", "d.jar", jar), jar}});
    ASSERT_TRUE(files.perform(directory(paths.state + "/data/x", 0700, "site-a"), {}));
    ASSERT_TRUE(files.perform(unpack, {}));
    ASSERT_TRUE(files.perform(InstallUnit{{"lakebed-a.service", "[Unit]\n"}}, {}));
    std::map<std::string, std::string> manifest = {
        {paths.units + "/lakebed-a.service", sha256_hex("[Unit]\n")},
        {"data:x", "/a \"path\" = with\\signs"}};
    ASSERT_TRUE(files.perform(SwitchGeneration{7, write_graph(graph), "", manifest}, {}));

    Inventory inventory =
        *read_files_inventory(paths, {.paths = {paths.state + "/data/x"},
                                      .store = {unpack.entry.path, paths.store + "/other"}});
    EXPECT_EQ(inventory.paths.at(paths.state + "/data/x").marker, "site-a");
    EXPECT_TRUE(inventory.paths.at(paths.state + "/data/x").empty);
    EXPECT_THAT(inventory.store, ElementsAre(unpack.entry.path));
    EXPECT_EQ(inventory.generation, 7);
    EXPECT_EQ(inventory.manifest, manifest);
    EXPECT_TRUE(inventory.paths.contains(paths.units + "/lakebed-a.service")) << "of the manifest";
    Diagnostics diagnostics;
    std::string text = test::file_text(paths.state + "/current/graph.toml");
    EXPECT_EQ(read_graph(text, "graph.toml", diagnostics).generation, 7);
    EXPECT_EQ(std::filesystem::read_symlink(paths.state + "/current"), "generations/7");
}

TEST_F(Reading, sees_the_operators_files_without_reading_them) {
    dir.write("jar", "abc");
    std::filesystem::permissions(dir / "jar", std::filesystem::perms(0));
    std::filesystem::create_symlink(dir / "jar", dir / "link");
    std::filesystem::create_directories(dir / "d");
    Inventory inventory = *read_files_inventory(
        paths, {.brought = {dir / "jar", dir / "link", dir / "d", dir / "none"}});
    using Type = PathInfo::Type;
    EXPECT_EQ(inventory.brought, (std::map<std::string, Type>{{dir / "jar", Type::file},
                                                              {dir / "link", Type::file},
                                                              {dir / "d", Type::directory}}));
    EXPECT_FALSE(inventory.paths.contains(dir / "jar"));
}

TEST_F(Reading, the_sites_id_stays_once_something_was_done) {
    std::string first = host().read_facts()->site_id;
    EXPECT_EQ(first.size(), 16U);
    EXPECT_FALSE(std::filesystem::exists(paths.state)) << "reading must not write";
    test::FilesHost files = host();
    std::string id = files.read_facts()->site_id;
    ASSERT_TRUE(files.perform(directory(dir / "x", 0755), {}));
    EXPECT_EQ(host().read_facts()->site_id, id);
    EXPECT_GT(host().read_facts()->ram.bytes, std::uint64_t{64} << 20);
}

TEST_F(Reading, names_who_listens_on_a_port) {
    for (int family : {AF_INET, AF_INET6}) {
        UniqueFd listener(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (!listener.valid()) continue; // no IPv6 here
        sockaddr_storage address{};
        address.ss_family = static_cast<sa_family_t>(family);
        if (family == AF_INET)
            reinterpret_cast<sockaddr_in*>(&address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        else
            reinterpret_cast<sockaddr_in6*>(&address)->sin6_addr = in6addr_any;
        socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
        ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
        ASSERT_EQ(::listen(listener.get(), 1), 0);
        ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
        Port port = ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
        std::vector<PortHolder> holders = *read_port_holders({port});
        ASSERT_EQ(holders.size(), 1U);
        EXPECT_EQ(holders[0].port, port);
        EXPECT_EQ(holders[0].address, family == AF_INET ? "127.0.0.1" : "::");
        EXPECT_EQ(holders[0].pid, ::getpid());
        EXPECT_EQ(holders[0].program, "host_test");
    }
}

} // namespace
} // namespace lakebed
