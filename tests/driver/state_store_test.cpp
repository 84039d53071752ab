#include "driver/state_store.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "sys/files.h"

namespace lakebed {
namespace {

class StateStoreTest : public testing::Test {
  protected:
    StateStoreTest() {
        std::string pattern = testing::TempDir() + "lakebed-state-XXXXXX";
        directory_ = ::mkdtemp(pattern.data());
        state_.graph.nodes = {{.name = "a", .unit = "lakebed-a.service"}};
        state_.nodes["lakebed-a.service"].recorded = true;
    }
    ~StateStoreTest() override { std::filesystem::remove_all(directory_); }

    NodeState& a() { return state_.nodes["lakebed-a.service"]; }

    std::string directory_;
    SupervisorState state_;
    std::string problem_;
};

TEST_F(StateStoreTest, NothingIsRememberedAtFirst) {
    StateStore store(directory_, "", "boot");
    EXPECT_EQ(store.load(problem_), DurableState{});
    EXPECT_EQ(problem_, "");
}

TEST_F(StateStoreTest, WhatWasSavedIsLoadedByTheNextOne) {
    a().operator_stopped = true;
    StateStore store(directory_, "", "boot");
    ASSERT_TRUE(store.save(state_));
    StateStore next(directory_, "", "boot");
    EXPECT_EQ(next.load(problem_), durable(state_, "boot"));
    EXPECT_EQ(problem_, "");
}

TEST_F(StateStoreTest, AnIncidentOrAWishIsUrgentAndATimeIsNot) {
    StateStore store(directory_, "", "boot");
    ASSERT_TRUE(store.save(state_));
    EXPECT_FALSE(store.is_urgent(state_));
    a().since = TimePoint(std::chrono::seconds(9));
    EXPECT_FALSE(store.is_urgent(state_));
    a().last_incident = Incident{TimePoint(std::chrono::seconds(9)), Cause::crash, "killed"};
    EXPECT_TRUE(store.is_urgent(state_));
    ASSERT_TRUE(store.save(state_));
    EXPECT_FALSE(store.is_urgent(state_));
    a().hold = true;
    EXPECT_TRUE(store.is_urgent(state_));
}

TEST_F(StateStoreTest, ANoteIsLoadedBeforeTheOlderFileAndASaveIsInBoth) {
    std::string runtime = directory_ + "/run";
    std::filesystem::create_directory(runtime);
    StateStore store(directory_, runtime, "boot");
    ASSERT_TRUE(store.save(state_));
    DurableState older = durable(state_, "boot");
    a().restarts_total = 7;
    ASSERT_TRUE(store.note(state_));
    EXPECT_FALSE(store.is_urgent(state_));
    EXPECT_EQ(StateStore(directory_, runtime, "boot").load(problem_), durable(state_, "boot"));
    EXPECT_EQ(StateStore(directory_, "", "boot").load(problem_), older);
    ASSERT_TRUE(store.save(state_));
    EXPECT_EQ(StateStore(directory_, "", "boot").load(problem_), durable(state_, "boot"));
}

TEST_F(StateStoreTest, AFileThatCannotBeReadIsKeptAsideAndNamed) {
    ASSERT_TRUE(write_file_durably(directory_ + "/state.toml", "format = \"?", 0600));
    StateStore store(directory_, "", "boot");
    EXPECT_EQ(store.load(problem_), DurableState{});
    EXPECT_NE(problem_.find("state.toml.unreadable"), std::string::npos) << problem_;
    EXPECT_TRUE(std::filesystem::exists(directory_ + "/state.toml.unreadable"));
}

} // namespace
} // namespace lakebed
