// resolve_memory(): the budget, and of it what each service gets.
#include <algorithm>

#include <fmt/format.h>

#include "plan/memory.h"
#include "plan/resolving.h"

namespace lakebed {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

// Parts must fit into the least a service may get, not only into what it gets here.
void check_parts(Resolving& r, const ServiceConf& conf, ByteSize given) {
    for (ByteSize whole : {conf.memory->min, given}) {
        auto parts = split_memory(conf.memory->parts, whole);
        if (parts) continue;
        r.diagnostics.error(conf.memory->min_pos,
                            fmt::format("{}: {}", conf.name, parts.error().message),
                            parts.error().hint);
        return;
    }
}

} // namespace

void resolve_memory(Resolving& r) {
    const Site& site = r.input.site;
    // On a small machine lakebed is most of what runs there.
    std::uint64_t percent = r.stack.sizing == "small" ? 85 : 75;
    std::uint64_t budget =
        site.memory ? site.memory->bytes : r.input.facts.ram.bytes * percent / 100;
    r.stack.memory_budget = {budget / kMiB * kMiB};
    SourcePos pos;
    if (auto it = site.origin.find("memory"); it != site.origin.end()) pos = it->second;
    if (site.memory && *site.memory > r.input.facts.ram)
        r.diagnostics.warning(pos,
                              fmt::format("memory is {}, more than this machine's {}",
                                          to_string(*site.memory), to_string(r.input.facts.ram)));
    std::vector<MemoryClaim> claims;
    std::vector<StackService*> owners;
    for (std::size_t i = 0; i < r.confs.size(); ++i) {
        const ServiceConf& conf = *r.confs[i];
        if (!conf.memory) continue;
        MemoryClaim claim{conf.name, conf.memory->share, conf.memory->min, conf.memory->max, {}};
        claim.fixed = site_service(r, conf.name).memory;
        claim.count = std::max(1, r.stack.services[i].instances);
        if (claim.fixed && *claim.fixed < claim.min) {
            r.diagnostics.error(
                site.origin.at(fmt::format("service.{}.memory", conf.name)),
                fmt::format("service.{}.memory is {}, but {} does not run with less than {}",
                            conf.name, to_string(*claim.fixed), conf.title, to_string(claim.min)));
            claim.fixed = claim.min;
        }
        claims.push_back(std::move(claim));
        owners.push_back(&r.stack.services[i]);
    }
    auto sizes = share_memory(claims, r.stack.memory_budget);
    if (!sizes) {
        r.diagnostics.error(pos, sizes.error().message, sizes.error().hint);
        return;
    }
    for (std::size_t i = 0; i < owners.size(); ++i) owners[i]->memory = (*sizes)[i];
    for (std::size_t i = 0; i < r.confs.size(); ++i)
        if (r.confs[i]->memory) check_parts(r, *r.confs[i], r.stack.services[i].memory);
}

} // namespace lakebed
