#include "plan/memory.h"

#include <algorithm>

#include <fmt/format.h>

namespace lakebed {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

std::uint64_t least_of_one(const MemoryClaim& claim) {
    return claim.fixed ? claim.fixed->bytes : claim.min.bytes;
}

std::uint64_t least(const MemoryClaim& claim) {
    return least_of_one(claim) * static_cast<std::uint64_t>(claim.count);
}

std::string least_text(const MemoryClaim& claim) {
    std::string one = to_string(ByteSize{least_of_one(claim)});
    return claim.count == 1 ? one : fmt::format("{} x {}", claim.count, one);
}

Error does_not_fit(const std::vector<MemoryClaim>& claims, std::uint64_t need, ByteSize budget) {
    std::vector<const MemoryClaim*> largest;
    for (const MemoryClaim& claim : claims) largest.push_back(&claim);
    std::ranges::stable_sort(largest, std::ranges::greater{},
                             [](const MemoryClaim* c) { return least(*c); });
    std::string list;
    bool any_fixed = false;
    for (const MemoryClaim* claim : largest) {
        if (!list.empty()) list += ", ";
        list += fmt::format("{} {}", claim->service, least_text(*claim));
        any_fixed = any_fixed || claim->fixed;
    }
    return {Errc::usage,
            fmt::format(
                "the services need at least {} of memory together, {} more than the {} there is "
                "({})",
                to_string(ByteSize{need}), to_string(ByteSize{need - budget.bytes}),
                to_string(budget), list),
            fmt::format("raise memory, take a machine with more RAM or a smaller profile{}",
                        any_fixed ? ", or lower memory in [service.NAME]" : "")};
}

} // namespace

Result<std::vector<ByteSize>> share_memory(const std::vector<MemoryClaim>& claims,
                                           ByteSize budget) {
    std::uint64_t need = 0;
    for (const MemoryClaim& claim : claims) need += least(claim);
    if (need > budget.bytes) return tl::unexpected(does_not_fit(claims, need, budget));

    // A share is a part of the budget, whoever else there is: one more service or instance changes
    // nothing for the others while there is room. Where there is none, all give way alike, as CSS
    // shares the width of a flex line: where parts must be clamped, fix the clamped ones of the
    // side that weighs more, and share the rest again.
    std::vector<std::optional<std::uint64_t>> given(claims.size());
    for (std::size_t i = 0; i < claims.size(); ++i)
        if (claims[i].fixed) given[i] = claims[i].fixed->bytes;
    while (true) {
        double left = static_cast<double>(budget.bytes);
        double shares = 0;
        for (std::size_t i = 0; i < claims.size(); ++i) {
            if (given[i])
                left -= static_cast<double>(*given[i]) * claims[i].count;
            else
                shares += claims[i].share * claims[i].count;
        }
        if (shares <= 0) break;
        double raised = 0, lowered = 0;
        std::vector<double> part(claims.size());
        for (std::size_t i = 0; i < claims.size(); ++i) {
            if (given[i]) continue;
            const MemoryClaim& claim = claims[i];
            part[i] = std::min(static_cast<double>(budget.bytes), left / shares) * claim.share;
            raised += claim.count * std::max(0.0, static_cast<double>(claim.min.bytes) - part[i]);
            if (claim.max.bytes != 0)
                lowered +=
                    claim.count * std::max(0.0, part[i] - static_cast<double>(claim.max.bytes));
        }
        bool clamped = false;
        for (std::size_t i = 0; i < claims.size(); ++i) {
            if (given[i]) continue;
            const MemoryClaim& claim = claims[i];
            if (raised >= lowered && part[i] < static_cast<double>(claim.min.bytes)) {
                given[i] = claim.min.bytes;
                clamped = true;
            } else if (lowered >= raised && claim.max.bytes != 0 &&
                       part[i] > static_cast<double>(claim.max.bytes)) {
                given[i] = claim.max.bytes;
                clamped = true;
            }
        }
        if (clamped) continue;
        for (std::size_t i = 0; i < claims.size(); ++i) {
            if (given[i]) continue;
            auto whole = static_cast<std::uint64_t>(std::max(0.0, part[i])) / kMiB * kMiB;
            given[i] = std::max(whole, claims[i].min.bytes);
        }
        break;
    }
    std::vector<ByteSize> sizes;
    for (std::size_t i = 0; i < claims.size(); ++i)
        sizes.push_back({given[i].value_or(least_of_one(claims[i]))});
    return sizes;
}

Result<std::map<std::string, std::uint64_t>> split_memory(const std::vector<MemoryPart>& parts,
                                                          ByteSize whole) {
    std::map<std::string, std::uint64_t> sizes;
    std::uint64_t taken = 0;
    const MemoryPart* rest = nullptr;
    for (const MemoryPart& part : parts) {
        if (part.kind == MemoryPart::Kind::rest) rest = &part;
        if (part.kind == MemoryPart::Kind::rest || part.kind == MemoryPart::Kind::sum) continue;
        std::uint64_t bytes = part.size.bytes;
        if (part.kind == MemoryPart::Kind::fraction) {
            bytes = static_cast<std::uint64_t>(static_cast<double>(whole.bytes) * part.fraction);
            bytes = std::max(bytes, part.min.bytes);
            if (part.max.bytes != 0) bytes = std::min(bytes, part.max.bytes);
        }
        sizes[part.name] = bytes / kMiB;
        taken += sizes[part.name];
    }
    if (taken > whole.mib() || (rest && taken == whole.mib()))
        return fail(Errc::usage,
                    fmt::format("the parts of its memory need {}{}, but it has {}",
                                to_string(ByteSize{taken * kMiB}),
                                rest ? " and something for " + rest->name : std::string(),
                                to_string(whole)),
                    "raise memory.min, or lower the parts");
    if (rest) sizes[rest->name] = whole.mib() - taken;
    for (const MemoryPart& part : parts) {
        if (part.kind != MemoryPart::Kind::sum) continue;
        std::uint64_t sum = 0;
        for (const std::string& name : part.of) sum += sizes[name];
        sizes[part.name] = sum;
    }
    return sizes;
}

} // namespace lakebed
