#include "verify/spark_sql.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "sys/files.h"
#include "sys/process.h"
#include "verify/engine_errors.h"

namespace lakebed {
namespace {

// SET echoes itself, and needs no Spark job for it.
constexpr std::string_view kMarker = "lakebed.verify.statement";

struct User {
    FileOwner ids;
    std::string home;
};

Result<User> find_user(const std::string& name) {
    passwd entry{};
    passwd* found = nullptr;
    std::vector<char> buffer(16384);
    int error = ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (!found)
        return fail(fmt::format("there is no user \"{}\"{}", name,
                                error != 0 ? ": " + errno_text(error) : ""),
                    "lakebed apply makes the users of the services");
    return User{{entry.pw_uid, entry.pw_gid}, entry.pw_dir};
}

// Statements may hold secrets: neither argv nor a place where others may look.
class ScriptFile {
  public:
    static Result<ScriptFile> write(std::string_view script, FileOwner owner) {
        std::string path = ::geteuid() == 0 ? "/run" : "/tmp";
        path += "/lakebed-verify-XXXXXX";
        UniqueFd fd(::mkostemp(path.data(), O_CLOEXEC)); // mode 0600
        if (!fd.valid()) return fail_errno(fmt::format("cannot make \"{}\"", path), errno);
        ScriptFile file(path);
        TRY(write_all(fd.get(), script).context(path));
        if (owner.uid != ::geteuid() && ::fchown(fd.get(), owner.uid, owner.gid) != 0)
            return fail_errno(fmt::format("cannot give \"{}\" to user {}", path, owner.uid), errno);
        return file;
    }
    ScriptFile(ScriptFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    ScriptFile& operator=(ScriptFile&&) = delete;
    ~ScriptFile() {
        if (!path_.empty()) ::unlink(path_.c_str());
    }
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    explicit ScriptFile(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

SqlRow split_row(std::string_view line) {
    SqlRow row;
    for (;;) {
        auto tab = line.find('\t');
        row.emplace_back(line.substr(0, tab));
        if (tab == line.npos) return row;
        line.remove_prefix(tab + 1);
    }
}

std::string failure_of(const ChildExit& exit) {
    if (exit.cancelled) return "interrupted";
    if (exit.timed_out) return "did not end before the step's deadline";
    return fmt::format("{} (exit status {})", spark_complaint(exit.errors), exit.status);
}

} // namespace

std::string spark_script(const std::vector<std::string>& statements) {
    std::string script;
    for (std::size_t i = 0; i < statements.size(); ++i)
        script += fmt::format("SET {}={};\n{};\n", kMarker, i, statements[i]);
    return script;
}

std::vector<SqlRows> read_spark_output(std::string_view output) {
    std::vector<SqlRows> results;
    while (!output.empty()) {
        auto end = output.find('\n');
        auto line = output.substr(0, end);
        output.remove_prefix(end == output.npos ? output.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line == fmt::format("{}\t{}", kMarker, results.size()))
            results.emplace_back();
        else if (!results.empty())
            results.back().push_back(split_row(line));
    }
    return results;
}

Result<SqlRows> run_spark_sql(const SparkSql& spark, const std::vector<std::string>& statements,
                              const StepContext& context) {
    TRY(pause(context, Duration{}));
    auto user = TRY(find_user(spark.user).context("spark"));
    auto script = TRY(ScriptFile::write(spark_script(statements), user.ids).context("spark"));
    ChildSpec child;
    child.argv = {spark.program, "--name", spark.name, "-f", script.path()};
    child.clear_environment = true;
    child.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                         "LANG=C.UTF-8", "USER=" + spark.user, "LOGNAME=" + spark.user,
                         "HOME=" + user.home};
    child.directory = "/";
    // Dropping to ourselves would need root for nothing.
    if (user.ids.uid != ::geteuid()) child.user = user.ids;
    child.timeout = std::chrono::ceil<std::chrono::milliseconds>(time_left(context));
    child.output_limit = std::size_t{8} << 20;
    child.cancel = context.cancel;
    auto exit = TRY(run_child(child).context(fmt::format("spark: cannot run {}", spark.program)));
    auto results = read_spark_output(exit.output);
    if (!exit.ok()) {
        std::string where =
            results.empty()
                ? std::string("before its first statement")
                : fmt::format("`{}`", short_statement(statements.at(
                                          std::min(results.size(), statements.size()) - 1)));
        return fail(fmt::format("spark, {}: {}", where, failure_of(exit)));
    }
    if (results.size() != statements.size())
        return fail(fmt::format("spark ended well after {} of {} statements", results.size(),
                                statements.size()));
    return std::move(results.back());
}

} // namespace lakebed
