// Steps as text.
#include <fmt/format.h>

#include "plan/plan.h"

namespace lakebed {
namespace {

struct Sentence {
    std::string operator()(const EnsureUser& s) const {
        return fmt::format("create system user {}", s.name);
    }
    std::string operator()(const EnsureDir& s) const {
        return fmt::format("create directory {} ({}:{} {:04o})", s.path, s.owner, s.group, s.mode);
    }
    std::string operator()(const EnsureSecret& s) const {
        return fmt::format("{} secret {} in {}", s.secret.generate > 0 ? "generate" : "write",
                           s.secret.name, s.secret.path);
    }
    std::string operator()(const Unpack& s) const {
        return fmt::format("unpack {} {} into {} ({})", s.entry.component, s.entry.version,
                           s.entry.path, to_string(s.entry.unpacked));
    }
    std::string operator()(const WriteFile& s) const {
        return fmt::format("write {}", s.file.path);
    }
    std::string operator()(const RemoveFile& s) const { return fmt::format("remove {}", s.path); }
    std::string operator()(const InstallUnit& s) const {
        return fmt::format("install unit {}", s.unit.name);
    }
    std::string operator()(const ReloadUnits&) const { return "reload systemd's unit files"; }
    std::string operator()(const EnableUnit& s) const { return fmt::format("enable {}", s.unit); }
    std::string operator()(const StartUnit& s) const { return fmt::format("start {}", s.unit); }
    std::string operator()(const StopUnit& s) const { return fmt::format("stop {}", s.unit); }
    std::string operator()(const RestartUnit& s) const { return fmt::format("restart {}", s.unit); }
    std::string operator()(const SwitchGeneration& s) const {
        return fmt::format("switch to generation {}", s.generation);
    }
};

} // namespace

std::string to_string(const Step& step) {
    return std::visit(Sentence{}, step);
}

std::string_view kind_name(const Step& step) {
    static constexpr std::string_view kNames[] = {
        "EnsureUser", "EnsureDir",   "EnsureSecret",    "Unpack",     "WriteFile",
        "RemoveFile", "InstallUnit", "ReloadUnits",     "EnableUnit", "StartUnit",
        "StopUnit",   "RestartUnit", "SwitchGeneration"};
    static_assert(std::size(kNames) == std::variant_size_v<Step>);
    return kNames[step.index()];
}

bool is_empty(const Plan& plan) {
    return plan.steps.empty();
}

} // namespace lakebed
