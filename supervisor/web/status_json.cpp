#include "web/status_json.h"

#include <nlohmann/json.hpp>

namespace lakebed {
namespace {

using Json = nlohmann::ordered_json;

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

Json service_row(const StackView& view, const ServiceStatus& service) {
    const GraphNode* node = node_of(view, service.unit);
    Json needs = Json::array();
    if (node != nullptr)
        for (const Need& need : node->needs) {
            const GraphNode* needed = node_of(view, need.unit);
            Json& entry = needs.emplace_back();
            entry["name"] = needed == nullptr ? need.unit : needed->name;
            entry["type"] = to_string(need.type);
        }
    Json row; // key by key: a list of pairs would make an array of each pair first
    row["name"] = service.name;
    row["unit"] = service.unit;
    row["kind"] = service.kind;
    row["title"] = service.title;
    row["state"] = service.state;
    row["active"] = service.active;
    row["since"] = service.since;
    row["restarts"] = service.restarts + service.systemd_restarts;
    row["reason"] = service.sentence;
    row["cause"] = service.cause;
    row["cause_detail"] = service.cause_detail;
    row["cause_at"] = service.cause_at;
    row["retry_at"] = service.retry_at;
    row["main_pid"] = service.main_pid;
    row["hold"] = service.hold;
    row["addresses"] = node == nullptr ? std::vector<std::string>() : node->addresses;
    row["ui"] = node == nullptr ? std::string() : node->ui;
    row["needs"] = std::move(needs);
    return row;
}

Json startup(const StartupReport& report) {
    Json services = Json::array(), not_counted = Json::array();
    for (const ServiceStart& service : report.services)
        services.push_back({{"name", service.name},
                            {"queued_s", seconds(service.queued)},
                            {"started_s", seconds(service.started)},
                            {"ready_s", seconds(service.ready)},
                            {"wait_s", seconds(service.wait)},
                            {"own_s", seconds(service.own)},
                            {"slack_s", seconds(service.slack)},
                            {"critical", service.critical}});
    for (const NotCounted& other : report.not_counted)
        not_counted.push_back({{"name", other.name}, {"reason", other.reason}});
    return {{"total_s", seconds(report.total)}, {"critical_path_s", seconds(report.critical_path)},
            {"ideal_s", seconds(report.ideal)}, {"critical_path", report.critical},
            {"services", std::move(services)},  {"not_counted", std::move(not_counted)}};
}

Json incidents(const StackView& view) {
    Json rows = Json::array();
    for (const KeptIncident& kept : view.incidents) {
        Json& row = rows.emplace_back();
        row["name"] = kept.name;
        row["at"] = kept.record.at;
        row["service"] = kept.record.service;
        row["cause"] = kept.record.cause;
        row["detail"] = kept.record.detail;
        row["root"] = kept.record.root;
    }
    return rows;
}

} // namespace

std::string status_json(const StackView& view) {
    Json services = Json::array(), not_configured = Json::array();
    for (const ServiceStatus& service : view.services)
        services.push_back(service_row(view, service));
    Json guards = Json::array();
    for (const ServiceStatus& guard : view.guards)
        guards.push_back({{"name", guard.name},
                          {"title", guard.title},
                          {"ready", guard.state == "ready"},
                          {"since", guard.since},
                          {"reason", guard.sentence}});
    for (const NotConfigured& service : view.graph->not_configured)
        not_configured.push_back(
            {{"name", service.name}, {"title", service.title}, {"reason", service.reason}});
    Json document = {
        {"command", "status"},          {"format", 1},
        {"site", view.info.site},       {"generation", view.info.generation},
        {"ready", view.info.ready},     {"source", "lakebedd"},
        {"version", view.info.version}, {"target_active", view.info.target_active},
        {"problem", view.info.problem}, {"services", std::move(services)},
        {"guards", std::move(guards)},  {"not_configured", std::move(not_configured)},
        {"incidents", incidents(view)}, {"startup", startup(view.startup)},
    };
    return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

} // namespace lakebed
