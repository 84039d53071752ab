#include "probe/probe_file.h"

#include <charconv>

#include <fmt/format.h>

namespace lakebed {
namespace {

constexpr std::string_view kInstance = "@instance@";
constexpr int kMostInstances = 64;

bool is_instance(std::string_view text) {
    int number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() && text[0] != '0' &&
           number >= 1 && number <= kMostInstances;
}

} // namespace

Result<std::string> fill_instance(std::string_view text, std::string_view file,
                                  const std::optional<std::string>& instance) {
    if (instance && !is_instance(*instance))
        return fail(Errc::usage, fmt::format("\"{}\" is not the number of an instance, 1 to {}",
                                             *instance, kMostInstances));
    std::string out;
    while (true) {
        auto at = text.find(kInstance);
        out += text.substr(0, at);
        if (at == std::string_view::npos) return out;
        if (!instance)
            return fail(Errc::usage,
                        fmt::format("{} is the probe of one of several instances", file),
                        "say of which: --instance 1");
        out += *instance;
        text.remove_prefix(at + kInstance.size());
    }
}

ProbeFile read_probe_file(std::string_view text, std::string_view file, Diagnostics& diagnostics) {
    ProbeFile result;
    Value root = parse_toml(text, file, diagnostics);
    if (diagnostics.has_errors()) return result;
    TableReader reader(root, "", diagnostics);
    result.service = reader.require_string("service");
    result.user = reader.string("user").value_or("");
    if (auto timeout = reader.string("start_timeout")) {
        auto duration = parse_duration(*timeout);
        if (duration && duration->count() > 0)
            result.start_timeout = *duration;
        else
            reader.error("start_timeout",
                         "start_timeout is \"" + *timeout + "\", expected a duration like \"90s\"");
    }
    if (const Value* probe = reader.table("probe"))
        result.probe = read_probe_spec(*probe, "probe", diagnostics);
    else
        reader.error("probe", "the table [probe] is missing");
    reader.finish();
    return result;
}

} // namespace lakebed
