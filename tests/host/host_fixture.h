// A host below a temporary directory: real files, but no accounts and no systemd.
#pragma once

#include <functional>

#include <grp.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "depot/depot.h"
#include "host/apply.h"
#include "host/host.h"
#include "support/archives.h"
#include "support/temp_dir.h"
#include "support/text.h"
#include "sys/digest.h"

namespace lakebed::test {

// RealHost for the steps that are about files; the others are only noted.
class FilesHost final : public Host {
  public:
    explicit FilesHost(const RealHostOptions& options)
        : real_(std::move(*make_real_host(options))) {}

    Result<HostFacts> read_facts() override { return real_->read_facts(); }
    Result<Inventory> read_inventory(const InventoryQuery& query) override {
        return real_->read_inventory(query);
    }
    Result<void> perform(const Step& step, const StepProgress& progress) override {
        if (std::holds_alternative<EnsureUser>(step) || std::holds_alternative<ReloadUnits>(step) ||
            std::holds_alternative<EnableUnit>(step) || std::holds_alternative<StartUnit>(step) ||
            std::holds_alternative<StopUnit>(step) || std::holds_alternative<RestartUnit>(step)) {
            skipped.emplace_back(kind_name(step));
            return {};
        }
        return real_->perform(step, progress);
    }
    Result<void> journal(std::string_view line) override { return real_->journal(line); }

    std::vector<std::string> skipped;

  private:
    std::unique_ptr<Host> real_;
};

inline std::string own_user() {
    return ::getpwuid(::geteuid())->pw_name;
}
inline std::string own_group() {
    return ::getgrgid(::getegid())->gr_name;
}

struct HostTest : testing::Test {
    TempDir dir;
    Paths paths;
    std::string depot = dir / "depot";
    std::string jar = make_archive(ArchiveKind::zip, {{"a.class", "cafebabe"}});
    std::string tar =
        make_archive(ArchiveKind::tar_gz, {{"hive-3.1.3/bin/start", "#!/bin/sh\n", AE_IFREG, 0755},
                                           {"hive-3.1.3/lib/x.jar", "x"}});

    HostTest() {
        paths.etc = dir / "etc";
        paths.share = dir / "share";
        paths.store = dir / "opt/store";
        paths.state = dir / "var";
        paths.units = dir / "units";
        paths.run = dir / "run";
    }

    FilesHost host() { return FilesHost({paths, depot}); }

    static Artifact artifact(const std::string& name, const std::string& file,
                             const std::string& content) {
        Artifact made;
        made.name = name;
        made.version = "1";
        made.file = file;
        made.sha256 = sha256_hex(content);
        made.size.bytes = content.size();
        return made;
    }

    // An Unpack of a component whose artifacts lie in the depot.
    Unpack unpack_step(const std::string& component, std::vector<LayoutStep> layout,
                       const std::vector<std::pair<Artifact, std::string>>& artifacts) {
        Unpack step;
        step.entry.component = component;
        step.entry.version = "1";
        step.entry.path = paths.store + '/' + component + "-1-12345678";
        step.entry.unpacked.bytes = 100000;
        step.entry.layout = std::move(layout);
        for (const auto& [made, content] : artifacts) {
            std::string path = dir.write("depot/sha256/" + sha256_hex(content), content);
            step.entry.artifacts.push_back(made);
            step.from.push_back({made.name, sha256_hex(content), made.size, path});
        }
        return step;
    }

    // Applies in a process of its own, which ends there and then; no destructor runs.
    static void die_at(std::size_t step, FaultPoint point,
                       const std::function<void(const ApplyOptions&)>& run) {
        pid_t pid = ::fork();
        ASSERT_GE(pid, 0);
        if (pid == 0) {
            ApplyOptions options;
            options.fault = [&](std::size_t at, FaultPoint where) {
                if (at == step && where == point) ::_exit(42);
            };
            (void)run(options);
            ::_exit(0);
        }
        int status = 0;
        ASSERT_EQ(::waitpid(pid, &status, 0), pid);
        ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 42) << "did not come to that point";
    }

    EnsureDir directory(const std::string& path, std::uint32_t mode,
                        const std::string& marker = {}) {
        return {path, mode, own_user(), own_group(), marker};
    }
};

} // namespace lakebed::test
