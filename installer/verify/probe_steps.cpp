#include "verify/step_runner.h"

#include "probe/probe.h"

namespace lakebed {
namespace {

Result<std::string> probe(ProbeSpec spec, const StepContext& context) {
    auto outcome = probe_once(spec, time_left(context));
    if (!outcome.ok) return fail(outcome.detail);
    return outcome.detail;
}

} // namespace

Result<std::string> run_step(const HttpProbe& step, const StepContext& context) {
    return probe(ProbeSpec{step}, context);
}

Result<std::string> run_step(const TcpProbe& step, const StepContext& context) {
    return probe(ProbeSpec{step}, context);
}

} // namespace lakebed
