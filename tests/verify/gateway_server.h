// GatewayServer: answers requests like Flink's SQL Gateway, as a table of a test says, and
// remembers them.
#pragma once

#include <algorithm>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "support/fake_server.h"

namespace lakebed::test {

class GatewayServer {
  public:
    struct Rule {
        std::string request;                              // beginning of "METHOD /target BODY"
        std::vector<std::pair<int, std::string>> answers; // in turn; the last one from then on
        bool hangs = false;
        std::size_t asked = 0;
    };

    explicit GatewayServer(std::vector<Rule> rules) : rules_(std::move(rules)) {}

    [[nodiscard]] std::uint16_t port() const { return server_.port(); }
    [[nodiscard]] std::vector<std::string> requests() {
        std::lock_guard hold(mutex_);
        return requests_;
    }
    // How often a request that begins so has come.
    [[nodiscard]] int count(const std::string& beginning) {
        auto all = requests();
        return static_cast<int>(std::count_if(all.begin(), all.end(), [&](const std::string& line) {
            return line.starts_with(beginning);
        }));
    }
    std::function<void(const std::string& request)> on_request; // in the server's thread

  private:
    std::optional<Answer> answer(const std::string& received) {
        auto request = parse_http(received);
        if (!request) return std::nullopt;
        std::string line = request->method + " " + request->target + " " + request->body;
        {
            std::lock_guard hold(mutex_);
            requests_.push_back(line);
        }
        if (on_request) on_request(line);
        for (Rule& rule : rules_) {
            if (!line.starts_with(rule.request)) continue;
            if (rule.hangs) return std::nullopt;
            const auto& [status, body] =
                rule.answers.at(std::min(rule.asked++, rule.answers.size() - 1));
            return http_answer(status, body);
        }
        return http_answer(404, R"({"errors":["Not found: )" + line.substr(0, 40) + R"("]})");
    }

    std::vector<Rule> rules_;
    std::mutex mutex_;
    std::vector<std::string> requests_;
    FakeServer server_{[this](const std::string& received) { return answer(received); }};
};

} // namespace lakebed::test
