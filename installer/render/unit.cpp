// Unit files from their templates.
#include <algorithm>

#include <fmt/format.h>

#include "base/suggest.h"
#include "plan/unit_limits.h"
#include "plan/variables.h"
#include "render/parts.h"

namespace lakebed {
namespace {

class UnitWriter {
  public:
    UnitWriter(const StackService& service, const Stack& stack, const ConfigDir& config,
               const UnitTemplates& templates, Diagnostics& diagnostics)
        : service_(service), stack_(stack), config_(config), templates_(templates),
          diagnostics_(diagnostics) {}

    std::string write() { return file(service_.unit_template, {service_.unit_template, 0, 0}); }

  private:
    std::string file(const std::string& name, const SourcePos& from) {
        auto it = templates_.find(name);
        if (it == templates_.end()) {
            std::vector<std::string> known;
            for (const auto& [other, text] : templates_) known.push_back(other);
            auto near = closest(name, known);
            diagnostics_.error(
                from, fmt::format("unit template \"{}\" of {} does not exist", name, service_.name),
                near ? fmt::format("did you mean \"{}\"?", *near) : std::string());
            return {};
        }
        if (std::ranges::find(open_, name) != open_.end()) {
            diagnostics_.error(from, fmt::format("\"{}\" includes itself: {} → {}", name,
                                                 fmt::join(open_, " → "), name));
            return {};
        }
        open_.push_back(name);
        std::string out;
        std::string_view text = it->second;
        for (int line = 1; !text.empty(); ++line) {
            std::size_t end = text.find('\n');
            std::string_view current = text.substr(0, end);
            write_line(out, current, {"units/" + name, line, 1});
            if (end == std::string_view::npos) break;
            out += '\n';
            text.remove_prefix(end + 1);
        }
        open_.pop_back();
        return out;
    }

    void write_line(std::string& out, std::string_view line, const SourcePos& pos) {
        std::size_t done = 0;
        for_each_variable(line, [&](std::string_view name, std::size_t at) {
            out += line.substr(done, at - done);
            done = at + name.size() + 2;
            SourcePos here = pos;
            here.column = static_cast<int>(at) + 1;
            out += variable(name, here);
        });
        out += line.substr(done);
        if (line == "[Unit]" && !config_.digest.empty())
            out += "\nX-Lakebed-Config=" + config_.digest;
    }

    std::string variable(std::string_view name, const SourcePos& pos) {
        if (name == "header") return header();
        if (name == "after") return after();
        if (name == "credentials") return credentials();
        if (name.starts_with("include:")) {
            std::string text = file(std::string(name.substr(8)), pos);
            if (text.ends_with('\n')) text.pop_back(); // the line of the include has one
            return text;
        }
        if (name == "config" && !config_.path.empty()) return config_.path;
        auto it = service_.variables.find(std::string(name));
        if (it != service_.variables.end()) return it->second;
        std::vector<std::string> known = {"header", "after", "credentials"};
        if (!config_.path.empty()) known.emplace_back("config");
        for (const auto& [key, value] : service_.variables) known.push_back(key);
        auto near = closest(name, known);
        diagnostics_.error(
            pos, fmt::format("unknown variable @{}@ in the unit of {}", name, service_.name),
            near ? fmt::format("did you mean @{}@?", *near) : std::string());
        return {};
    }

    [[nodiscard]] std::string header() const {
        return fmt::format("# Written by lakebed from conf/{}.toml and units/{}; do not edit.\n"
                           "# Your own changes go into a drop-in: systemctl edit {}",
                           service_.name, service_.unit_template, service_.unit);
    }

    [[nodiscard]] std::string after() const {
        std::string units;
        for (const Need& need : service_.needs) units += (units.empty() ? "" : " ") + need.unit;
        return units;
    }

    [[nodiscard]] std::string credentials() const {
        std::string lines;
        for (const std::string& name : service_.credentials) {
            auto secret = std::ranges::find(stack_.secrets, name, &StackSecret::name);
            if (secret == stack_.secrets.end()) continue; // resolve() has reported it
            lines += fmt::format("{}LoadCredential={}:{}", lines.empty() ? "" : "\n", name,
                                 secret->path);
        }
        return lines;
    }

    const StackService& service_;
    const Stack& stack_;
    const ConfigDir& config_;
    const UnitTemplates& templates_;
    Diagnostics& diagnostics_;
    std::vector<std::string> open_;
};

} // namespace

DesiredUnit render_direct_target(const Stack& stack) {
    std::string text =
        "# Written by lakebed; do not edit.\n"
        "# The break-glass for a lakebedd that is broken: `systemctl start lakebed-direct.target` "
        "has\n"
        "# systemd alone bring all services up in the order of their After=. Never enabled.\n"
        "[Unit]\n"
        "Description=lakebed, started by systemd alone\n"
        "Documentation=man:lakebed(1)\n"
        "PartOf=lakebed.target\n";
    for (const StackService& service : stack.services)
        for (const std::string& unit : unit_names(service)) text += "Wants=" + unit + "\n";
    return {"lakebed-direct.target", text, {}};
}

DesiredUnit render_unit(const StackService& service, const Stack& stack, const ConfigDir& config,
                        const UnitTemplates& templates, Diagnostics& diagnostics) {
    std::string text = UnitWriter(service, stack, config, templates, diagnostics).write();
    DesiredUnit unit{service.unit, std::move(text),
                     service.instances > 0 ? unit_names(service) : std::vector<std::string>()};
    check_java_memory(unit, diagnostics);
    return unit;
}

} // namespace lakebed
