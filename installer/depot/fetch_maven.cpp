#include "depot/clients.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "sys/files.h"
#include "sys/process.h"

namespace lakebed {
namespace {

// Pinned, like everything else that comes over the network.
constexpr std::string_view kPlugin = "3.6.1";

constexpr std::string_view kProject = R"(<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>lakebed.fetch</groupId><artifactId>{}</artifactId>
<version>1</version><packaging>pom</packaging>
{}
</project>
)";

constexpr std::string_view kCopy = R"(<build><plugins><plugin>
<groupId>org.apache.maven.plugins</groupId><artifactId>maven-dependency-plugin</artifactId><version>{}</version>
<executions><execution><id>copy</id><phase>package</phase><goals><goal>copy</goal></goals><configuration>
<outputDirectory>{}</outputDirectory><artifactItems><artifactItem>
<groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version><type>{}</type>{}
<destFileName>artifact</destFileName></artifactItem></artifactItems>
</configuration></execution></executions></plugin></plugins></build>)";

std::string xml(std::string_view text) {
    std::string escaped;
    for (char c : text) {
        if (c == '<')
            escaped += "&lt;";
        else if (c == '>')
            escaped += "&gt;";
        else if (c == '&')
            escaped += "&amp;";
        else
            escaped.push_back(c);
    }
    return escaped;
}

const MavenSource& maven_of(const Job& job) {
    return std::get<MavenSource>(*job.source);
}

std::string module_name(std::size_t index) {
    return fmt::format("m{:03}", index);
}

std::string module_pom(std::size_t index, const Job& job) {
    const MavenSource& source = maven_of(job);
    std::string classifier = source.classifier.empty() ? ""
                                                       : fmt::format("<classifier>{}</classifier>",
                                                                     xml(source.classifier));
    return fmt::format(kProject, module_name(index),
                       fmt::format(kCopy, kPlugin, xml(job.directory), xml(source.group),
                                   xml(source.artifact), xml(source.version), xml(source.type),
                                   classifier));
}

// A reactor of modules with one artifact each: one Maven run, and a missing artifact fails only its
// own module.
Result<std::string> write_reactor(const std::vector<Job>& jobs) {
    std::string root = jobs.front().directory + ".reactor";
    std::error_code ignored; // of an earlier, killed run; make_directories() reports what matters
    std::filesystem::remove_all(root, ignored);
    std::string modules;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        TRY(make_directories(root + '/' + module_name(i)));
        TRY(write_file_durably(root + '/' + module_name(i) + "/pom.xml", module_pom(i, jobs[i])));
        modules += fmt::format("<module>{}</module>", module_name(i));
    }
    TRY(write_file_durably(root + "/pom.xml",
                           fmt::format(kProject, "all", "<modules>" + modules + "</modules>")));
    return root;
}

// Bytes of an artifact on disk while Maven works: its copy, else what is in the local repository.
std::uint64_t bytes_so_far(const Job& job) {
    std::error_code error;
    std::uint64_t copied = std::filesystem::file_size(job.directory + "/artifact", error);
    if (!error) return copied;
    const char* home = std::getenv("HOME");
    if (!home) return 0;
    const MavenSource& source = maven_of(job);
    std::string group = source.group;
    std::replace(group.begin(), group.end(), '.', '/');
    std::string directory =
        fmt::format("{}/.m2/repository/{}/{}/{}", home, group, source.artifact, source.version);
    std::uint64_t most = 0;
    for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end;
         it.increment(error)) {
        std::error_code gone;
        std::uint64_t size = it->file_size(gone);
        if (!gone) most = std::max(most, size);
    }
    return most;
}

// Maven's own words on one module, without the stack of projects around them.
std::string words_on(const std::string& output, const std::string& module, const Job& job) {
    std::string found;
    std::size_t begin = 0;
    while (begin < output.size()) {
        std::size_t end = std::min(output.find('\n', begin), output.size());
        std::string line = output.substr(begin, end - begin);
        begin = end + 1;
        bool about = line.find("on project " + module + ":") != std::string::npos ||
                     line.find(maven_of(job).artifact + ':') != std::string::npos;
        if (!about || !line.starts_with("[ERROR]")) continue;
        std::size_t after = line.find("on project " + module + ": ");
        found =
            after == std::string::npos ? line.substr(8) : line.substr(after + module.size() + 13);
        break;
    }
    if (std::size_t help = found.find(" -> [Help"); help != std::string::npos) found.resize(help);
    return found.substr(0, 600);
}

} // namespace

std::vector<Result<std::string>> fetch_maven(const std::vector<Job>& jobs,
                                             const ClientContext& context) {
    auto all_fail = [&](const Error& error) {
        return std::vector<Result<std::string>>(jobs.size(), tl::unexpected<Error>(error));
    };
    Result<std::string> program = find_program("mvn");
    if (!program)
        return all_fail({Errc::network, "mvn not found",
                         "install Maven and a JDK (apt install maven default-jdk-headless)"});
    Result<std::string> reactor = write_reactor(jobs);
    if (!reactor) return all_fail(reactor.error());
    ChildSpec child;
    child.argv = {
        *program, "-B", "-q", "-fae", "-T", std::to_string(std::clamp(context.options.jobs, 1, 8)),
        "-f", *reactor + "/pom.xml", "-Dstyle.color=never",
        // Nothing may wait for ever on a server that has fallen silent.
        "-Daether.connector.connectTimeout=30000", "-Daether.connector.requestTimeout=120000",
        "-Dmaven.wagon.http.connectionTimeout=30000", "-Dmaven.wagon.rto=120000", "package"};
    if (context.options.offline) child.argv.emplace_back("-o");
    child.timeout = std::chrono::hours(2);
    child.cancel = context.options.cancel;
    child.on_tick = [&] {
        for (const Job& job : jobs)
            context.report(*job.artifact, FetchPhase::fetching, bytes_so_far(job));
    };
    Result<ChildExit> exit = run_child(child);
    std::error_code ignored; // a rest in tmp/ is removed by the next run
    std::filesystem::remove_all(*reactor, ignored);
    if (!exit) return all_fail(exit.error());
    std::vector<Result<std::string>> results;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        std::string path = jobs[i].directory + "/artifact";
        if (std::filesystem::is_regular_file(path, ignored)) {
            results.emplace_back(path);
            continue;
        }
        std::string why = exit->timed_out ? "no end after two hours"
                                          : words_on(exit->output, module_name(i), jobs[i]);
        if (why.empty()) why = last_words(exit->output + exit->errors);
        results.emplace_back(fail(Errc::network, "mvn: " + why));
    }
    return results;
}

} // namespace lakebed
