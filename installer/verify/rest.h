// rest_request: one JSON request to a service of this host, which ends with the step.
#pragma once

#include <string>

#include "verify/json.h"
#include "verify/step_runner.h"

namespace lakebed {

struct RestRequest {
    std::string method = "GET";
    std::string path;
    std::string body; // JSON; may be empty
    Duration limit = std::chrono::minutes(2);
};

struct RestReply {
    int status = 0;
    std::string body;
};

// Errc::network when there is no answer. Any answer is a reply.
[[nodiscard]] Result<RestReply> rest_request(const HttpAddress& address, const RestRequest& request,
                                             const StepContext& context);

// GET that must answer 200, with JSON. Errc::not_found for 404.
[[nodiscard]] Result<Json> rest_get(const HttpAddress& address, const std::string& path,
                                    const StepContext& context);

} // namespace lakebed
