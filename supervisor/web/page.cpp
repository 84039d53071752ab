#include "web/page.h"

#include <algorithm>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/digest.h"
#include "web/drawings.h"
#include "web/escape.h"
#include "web/page_assets.h"

namespace lakebed {
namespace {

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

std::string machine_time(std::uint64_t usec) {
    std::chrono::time_point<std::chrono::system_clock, std::chrono::seconds> at(
        std::chrono::seconds(usec / 1'000'000));
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", at);
}

// The script keeps them up to date: `data-since` in milliseconds.
std::string time_since(std::uint64_t at, std::uint64_t now) {
    if (at == 0) return {};
    return fmt::format("<time datetime=\"{}\" data-since=\"{}\">{}</time>", machine_time(at),
                       at / 1000, age_words(now > at ? (now - at) / 1'000'000 : 0));
}

std::string time_until(std::uint64_t at, std::uint64_t now) {
    return fmt::format("<time datetime=\"{}\" data-until=\"{}\">{}</time>", machine_time(at),
                       at / 1000, at > now ? "in " + age_words((at - now) / 1'000'000) : "now");
}

std::string state_cell(const ServiceStatus& service) {
    Mood mood = mood_of(service);
    return fmt::format("<span class=\"state {}\"><span aria-hidden=\"true\">{}</span> {}</span>",
                       css_class(mood), sign_of(mood), escape_html(state_words(service)));
}

std::string link_to(const std::string& name) {
    return fmt::format("<a href=\"#service-{0}\">{0}</a>", escape_html(name));
}

std::string link_out(const std::string& address, const std::string& text) {
    return fmt::format("<a href=\"{}\" rel=\"noreferrer\">{}</a>", escape_html(address), text);
}

Mood mood_of(const StackView& view) {
    if (!view.info.problem.empty()) return Mood::bad;
    Mood worst = view.services.empty() || !view.info.target_active ? Mood::paused : Mood::good;
    for (const auto* all : {&view.services, &view.guards})
        for (const ServiceStatus& one : *all) worst = std::max(worst, mood_of(one));
    return worst;
}

std::string named(const StackView& view, Mood mood, std::string_view what) {
    constexpr std::size_t kMost = 4;
    std::vector<std::string> names;
    for (const ServiceStatus& service : view.services)
        if (mood_of(service) == mood) names.push_back(service.name);
    if (names.empty()) return {};
    std::size_t more = names.size() > kMost ? names.size() - kMost : 0;
    names.resize(names.size() - more);
    return fmt::format(" {}: {}{}.", what, fmt::join(names, ", "),
                       more == 0 ? "" : fmt::format(" and {} more", more));
}

std::string summary(const StackView& view) {
    if (view.services.empty()) return view.info.problem.empty() ? "Nothing is supervised yet." : "";
    std::size_t ready = count_ready(view), all = view.services.size();
    std::string text = ready == all ? fmt::format("All {} ready.", all)
                                    : fmt::format("{} of {} ready.", ready, all);
    if (!view.info.target_active) text += " lakebed.target is down.";
    return text + named(view, Mood::bad, "In trouble") +
           named(view, Mood::paused, "Held or stopped");
}

std::string render_head(const StackView& view) {
    static constexpr std::string_view kColors[] = {"2e9e5b", "d79a1e", "7a879a", "d1382e"};
    return fmt::format(
        R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{0}/{1} ready – {2} – lakebed</title>
<link id="icon" rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='%23{3}'/%3E%3C/svg%3E">
<noscript><meta http-equiv="refresh" content="10"></noscript>
<style>{4}</style>
</head>
<body data-now="{5}">
<a class="skip" href="#services">Skip to the services</a>
)",
        count_ready(view), view.services.size(), escape_html(view.info.site),
        kColors[static_cast<std::size_t>(mood_of(view))], kPageStyle, view.now / 1000);
}

std::string render_header(const StackView& view) {
    std::string text = fmt::format("<header id=\"header\" data-live><h1>{}</h1>"
                                   "<span class=\"facts\">generation {} · lakebed {}</span>"
                                   "</header>\n",
                                   escape_html(view.info.site.empty() ? "lakebed" : view.info.site),
                                   view.info.generation, escape_html(view.info.version));
    std::string sentence = escape_html(summary(view));
    if (!view.info.problem.empty())
        sentence += fmt::format("{}lakebedd: {}", sentence.empty() ? "" : " ",
                                escape_html(view.info.problem));
    text += fmt::format("<p id=\"summary\" class=\"summary {}\" role=\"status\" "
                        "aria-live=\"polite\" data-live><span>{}</span></p>\n",
                        css_class(mood_of(view)), sentence);
    return text;
}

// Where the services have pages of their own.
std::string render_pages(const StackView& view) {
    std::string links;
    for (const ServiceStatus& service : view.services) {
        const GraphNode* node = node_of(view, service.unit);
        if (node == nullptr || node->ui.empty()) continue;
        links += fmt::format("<li>{}</li>", link_out(node->ui, escape_html(node->title)));
    }
    if (!links.empty())
        links =
            "<nav class=\"pages\" aria-label=\"pages of the services\"><span>Pages of</span><ul>" +
            links + "</ul></nav>";
    return "<div id=\"pages\" data-live>" + links + "</div>\n";
}

std::string render_attention(const StackView& view) {
    std::string rows;
    for (const ServiceStatus& guard : view.guards) // the roots of others' trouble come first
        if (mood_of(guard) != Mood::good)
            rows += fmt::format("<li>{} is <strong class=\"bad\">not ready</strong> <span "
                                "class=\"muted\">({})</span>: {}</li>\n",
                                link_to(guard.name), time_since(guard.since, view.now),
                                escape_html(guard.sentence));
    for (Mood mood : {Mood::bad, Mood::paused, Mood::busy})
        for (const ServiceStatus& service : view.services) {
            if (mood_of(service) != mood) continue;
            rows += fmt::format("<li>{} is <strong class=\"{}\">{}</strong>", link_to(service.name),
                                css_class(mood), escape_html(state_words(service)));
            if (service.since != 0)
                rows +=
                    " <span class=\"muted\">(" + time_since(service.since, view.now) + ")</span>";
            if (std::string reason = reason_words(service); !reason.empty())
                rows += ": " + escape_html(reason);
            if (service.retry_at != 0)
                rows += fmt::format(". Next try {}", time_until(service.retry_at, view.now));
            rows += "</li>\n";
        }
    if (rows.empty()) return "<div id=\"attention\" data-live></div>\n";
    return "<div id=\"attention\" data-live><section aria-labelledby=\"h-attention\">"
           "<h2 id=\"h-attention\">Not ready, and why</h2>\n<ul class=\"attention\">\n" +
           rows + "</ul></section></div>\n";
}

std::string render_graph(const StackView& view) {
    std::string drawing = draw_graph(view);
    if (drawing.empty()) {
        if (view.services.empty()) return {};
        drawing = "<p class=\"muted\">Too many services to draw; the table has them all.</p>\n";
    }
    return fmt::format("<section aria-labelledby=\"h-graph\"><h2 id=\"h-graph\">Services and what "
                       "they need</h2>\n<div id=\"graph\" class=\"scroll\" data-live>{}</div>\n"
                       "<p class=\"legend\">What stands below needs what stands above. Thick: "
                       "restarts when that bounces; thin: reconnects; dotted: at start only; red: "
                       "not there now. Square boxes are jobs; resource guards show while they are "
                       "not ready.</p></section>\n",
                       drawing);
}

std::string address_cell(const GraphNode& node) {
    std::string text;
    bool is_linked = node.ui.empty();
    for (const std::string& address : node.addresses) {
        if (!text.empty()) text += "<br>";
        std::string shown = "<code>" + escape_html(address) + "</code>";
        bool is_ui = node.ui == "http://" + address + "/";
        text += is_ui ? link_out(node.ui, shown) : shown;
        is_linked = is_linked || is_ui;
    }
    if (!is_linked) text += (text.empty() ? "" : "<br>") + link_out(node.ui, "its pages");
    return text;
}

std::string service_row(const StackView& view, const ServiceStatus& service) {
    const GraphNode* node = node_of(view, service.unit);
    std::string needs;
    if (node != nullptr)
        for (const Need& need : node->needs) {
            const GraphNode* needed = node_of(view, need.unit);
            if (needed != nullptr && !is_guard(*needed))
                needs += (needs.empty() ? "" : ", ") + link_to(needed->name);
        }
    return fmt::format(
        "<tr id=\"service-{0}\"><th scope=\"row\">{0}<span class=\"title\">{1}</span>"
        "</th><td>{2}</td><td class=\"number\">{3}</td><td class=\"number\">{4}</td>"
        "<td>{5}</td><td>{6}</td></tr>\n",
        escape_html(service.name), escape_html(service.title), state_cell(service),
        time_since(service.since, view.now), service.restarts + service.systemd_restarts,
        node == nullptr ? "" : address_cell(*node), needs);
}

std::string render_services(const StackView& view) {
    std::string rows;
    for (const ServiceStatus& service : view.services) rows += service_row(view, service);
    for (const NotConfigured& service : view.graph->not_configured)
        rows += fmt::format("<tr><th scope=\"row\">{}<span class=\"title\">{}</span></th>"
                            "<td><span class=\"state paused\">not configured</span></td><td></td>"
                            "<td></td><td colspan=\"2\">{}</td></tr>\n",
                            escape_html(service.name), escape_html(service.title),
                            escape_html(service.reason));
    if (rows.empty()) return {};
    return "<section aria-label=\"services\">\n<div id=\"services\" class=\"scroll\" "
           "tabindex=\"0\" "
           "role=\"region\" aria-label=\"table of services\" data-live><table>"
           "<caption>Services</caption>\n"
           "<thead><tr><th scope=\"col\">service</th><th scope=\"col\">state</th><th scope=\"col\" "
           "class=\"number\">for</th><th scope=\"col\" class=\"number\">restarts</th><th "
           "scope=\"col\">address</th><th scope=\"col\">needs</th></tr></thead>\n<tbody>\n" +
           rows + "</tbody></table></div></section>\n";
}

std::string render_guards(const StackView& view) {
    std::string rows;
    for (const ServiceStatus& guard : view.guards)
        rows += fmt::format("<tr id=\"service-{0}\"><th scope=\"row\">{0}<span "
                            "class=\"title\">{1}</span></th><td>{2}</td><td class=\"number\">{3}"
                            "</td><td>{4}</td></tr>\n",
                            escape_html(guard.name), escape_html(guard.title), state_cell(guard),
                            time_since(guard.since, view.now), escape_html(guard.sentence));
    if (rows.empty()) return {};
    return "<section aria-label=\"resource guards\">\n<div id=\"guards\" class=\"scroll\" "
           "data-live><table><caption>Resource guards</caption>\n<thead><tr><th "
           "scope=\"col\">guard</th><th scope=\"col\">state</th><th scope=\"col\" "
           "class=\"number\">for</th><th scope=\"col\">what it sees</th></tr></thead>\n<tbody>\n" +
           rows + "</tbody></table></div></section>\n";
}

std::string startup_table(const StartupReport& report) {
    std::string text =
        "<details id=\"startup-numbers\"><summary id=\"startup-summary\">The same in "
        "numbers</summary>\n<div class=\"scroll\"><table><caption>Start-up, in "
        "seconds</caption>\n<thead><tr><th scope=\"col\">service</th>";
    for (std::string_view column : {"queued", "started", "ready", "waited", "took", "slack"})
        text += fmt::format("<th scope=\"col\" class=\"number\">{}</th>", column);
    text += "<th scope=\"col\">critical</th></tr></thead>\n<tbody>\n";
    for (const ServiceStart& service : report.services) {
        text += fmt::format("<tr><th scope=\"row\">{}</th>", escape_html(service.name));
        for (Duration value : {service.queued, service.started, service.ready, service.wait,
                               service.own, service.slack})
            text += fmt::format("<td class=\"number\">{:.2f}</td>", seconds(value));
        text += fmt::format("<td>{}</td></tr>\n", service.critical ? "yes" : "");
    }
    return text + "</tbody></table></div></details>\n";
}

std::string render_startup(const StackView& view) {
    const StartupReport& report = view.startup;
    if (report.services.empty()) return "<div id=\"startup\" data-live></div>\n";
    std::vector<std::string> path;
    for (const std::string& name : report.critical) path.push_back(escape_html(name));
    std::string text = fmt::format(
        "<div id=\"startup\" data-live><section aria-labelledby=\"h-startup\"><h2 "
        "id=\"h-startup\">Last start: ready after {:.1f} s</h2>\n<div class=\"scroll\" "
        "tabindex=\"0\" role=\"region\" aria-label=\"drawing of the start-up\">{}</div>\n"
        "<p class=\"legend\">★ critical path ({:.1f} s): {}. With nothing lost between services: "
        "{:.1f} s; lost: {:.1f} s. Thin lines: how much later it could have been ready.</p>\n",
        seconds(report.total), draw_startup(report), seconds(report.critical_path),
        fmt::join(path, " → "), seconds(report.ideal), seconds(report.total - report.ideal));
    if (!report.not_counted.empty()) {
        std::vector<std::string> others;
        for (const NotCounted& other : report.not_counted)
            others.push_back(escape_html(other.name + " (" + other.reason + ")"));
        text += fmt::format("<p class=\"legend\">Not counted: {}.</p>\n", fmt::join(others, ", "));
    }
    return text + startup_table(report) + "</section></div>\n";
}

std::string incident_row(const std::string& service, const std::string& cause,
                         const std::string& detail, std::uint64_t at, std::uint64_t now,
                         const std::string& evidence) {
    std::string words = cause;
    std::replace(words.begin(), words.end(), '_', ' ');
    return fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td>"
                       "<td class=\"number\">{} ago</td><td>{}</td></tr>\n",
                       link_to(service), escape_html(words), escape_html(detail),
                       time_since(at, now), evidence);
}

std::string render_incidents(const StackView& view) {
    std::string rows;
    for (const auto& [name, record] : view.incidents) {
        std::string detail = record.detail;
        if (record.root != record.service && !record.root.empty())
            detail += fmt::format(" (while {} was not ready)", record.root);
        rows +=
            incident_row(record.service, record.cause, detail, record.at, view.now,
                         fmt::format("<a href=\"/incidents/{0}\" aria-label=\"last lines of {1}, "
                                     "{0}\">last lines</a>",
                                     escape_html(name), escape_html(record.service)));
    }
    // Of what was not kept, the last of each service is remembered.
    for (const ServiceStatus& service : view.services) {
        auto is_kept = [&](const KeptIncident& kept) {
            return kept.record.service == service.name;
        };
        if (service.cause_at == 0 || service.cause == "none" ||
            std::any_of(view.incidents.begin(), view.incidents.end(), is_kept))
            continue;
        rows += incident_row(
            service.name, service.cause, service.cause_detail, service.cause_at, view.now,
            fmt::format("<code>lakebed logs {}</code>", escape_html(service.name)));
    }
    if (rows.empty()) return "<div id=\"incidents\" data-live></div>\n";
    return "<div id=\"incidents\" data-live><section aria-label=\"incidents\"><div "
           "class=\"scroll\"><table><caption>Incidents</caption>\n<thead><tr>"
           "<th scope=\"col\">service</th><th scope=\"col\">cause</th><th scope=\"col\">what was "
           "seen</th><th scope=\"col\" class=\"number\">when</th><th scope=\"col\">evidence</th>"
           "</tr></thead>\n<tbody>\n" +
           rows + "</tbody></table></div></section></div>\n";
}

std::string source_hash(std::string_view text) {
    std::string hex = sha256_hex(text), bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2)
        bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    return "'sha256-" + to_base64(bytes) + "'";
}

} // namespace

std::string age_words(std::uint64_t s) {
    std::uint64_t minutes = s / 60, hours = minutes / 60, days = hours / 24;
    auto more = [](std::uint64_t value, std::string_view what) {
        return value == 0 ? std::string() : fmt::format(" {} {}", value, what);
    };
    if (minutes == 0) return fmt::format("{} s", s);
    if (hours == 0) return fmt::format("{} min", minutes);
    if (days == 0) return fmt::format("{} h", hours) + more(minutes % 60, "min");
    return fmt::format("{} d", days) + more(hours % 24, "h");
}

std::string page_policy() {
    return fmt::format("default-src 'none'; style-src {}; script-src {}; connect-src 'self'; "
                       "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
                       source_hash(kPageStyle), source_hash(kPageScript));
}

std::string render_page(const StackView& view) {
    return render_head(view) + render_header(view) + render_pages(view) + "<main>\n" +
           render_attention(view) + render_graph(view) + render_services(view) +
           render_guards(view) + render_incidents(view) + render_startup(view) +
           fmt::format("</main>\n<footer><span id=\"live\">as of {}</span><a "
                       "href=\"/api/status\">JSON</a><a href=\"/metrics\">metrics</a>"
                       "<span>orders: <code>lakebed start | stop | restart | hold | release</code>"
                       "</span></footer>\n<script>{}</script>\n</body>\n</html>\n",
                       machine_time(view.now), kPageScript);
}

} // namespace lakebed
