// CliTest: runs the whole program but its streams, with the shipped data, below a directory of its
// own.
#pragma once

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "support/temp_dir.h"

namespace lakebed::test {

struct Ran {
    int exit = 0;
    std::string out;
    std::string err;
};

class CliTest : public testing::Test {
  protected:
    CliTest() {
        // As the package lays it out.
        std::filesystem::path source(LAKEBED_SOURCE_DIR), share(root / "usr/share/lakebed");
        std::filesystem::create_directories(share / "profiles");
        std::filesystem::create_directory_symlink(source / "profiles/catalog", share / "catalog");
        std::filesystem::create_directory_symlink(source / "profiles/conf", share / "conf");
        std::filesystem::create_directory_symlink(source / "units", share / "units");
        for (const char* name : {"core.toml", "lakehouse.toml"})
            std::filesystem::create_symlink(source / "profiles" / name, share / "profiles" / name);
    }

    // With --root DIR of this test, as a terminal when `live`.
    Ran run(std::vector<std::string> arguments, bool live = false) {
        std::ostringstream out, err;
        Io io;
        io.out = &out;
        io.err = &err;
        io.err_live = io.out_color = io.err_color = live;
        arguments.insert(arguments.end(), {"--root", root.path()});
        if (!profile.empty()) arguments.insert(arguments.end(), {"--profile", profile});
        int exit = run_cli({arguments, io, nullptr});
        return {exit, out.str(), err.str()};
    }

    // The document of --json: the last thing on stdout, its brace at the start of a line.
    static nlohmann::json document(const Ran& ran) {
        auto at = ran.out.starts_with("{") ? 0 : ran.out.find("\n{") + 1;
        return nlohmann::json::parse(ran.out.substr(at));
    }

    TempDir root;
    std::string profile = "core"; // a small one; empty: what the site says
};

} // namespace lakebed::test
