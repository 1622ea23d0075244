#include "pipeline/gpu_map.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.hpp"

namespace cytofleet {
namespace {

/// A GPU of a host and the ranks on it.
struct Share {
    std::string name;
    std::uint64_t memory = 0;
    std::vector<int> ranks;
};
using Host = std::map<std::string, Share>;  // by PCI address: what all ranks of a host agree on

std::string ranks_text(const std::vector<int>& ranks) {
    return fmt::format("{} {}", ranks.size() == 1 ? "rank" : "ranks", fmt::join(ranks, ", "));
}

void describe(const std::string& name, const Host& host, GpuMap& out) {
    std::string line;
    std::vector<std::string> idle;
    std::size_t number = 0;
    for (const auto& [bus, share] : host) {
        const std::string gpu = fmt::format("GPU {} ({}, {})", number++, share.name, bus);
        if (share.ranks.empty()) {
            idle.push_back(gpu);
            continue;
        }
        line += fmt::format("{}{} on {}", line.empty() ? "" : "; ", ranks_text(share.ranks), gpu);
        if (share.ranks.size() > 1)
            out.warnings.push_back(fmt::format("{}: {} share {}; one rank per GPU is enough", name,
                                               ranks_text(share.ranks), gpu));
    }
    out.lines.push_back(fmt::format("{}: {}", name, line));
    if (!idle.empty())
        out.warnings.push_back(fmt::format("{}: {} {} idle; start a rank for each GPU of a node",
                                           name, fmt::join(idle, ", "),
                                           idle.size() == 1 ? "is" : "are"));
}

}  // namespace

GpuMap map_gpus(std::span<const RankPlace> places) {
    GpuMap out;
    std::map<std::string, Host> hosts;
    out.compute_major = std::numeric_limits<int>::max();
    for (std::size_t rank = 0; rank < places.size(); ++rank) {
        const RankPlace& place = places[rank];
        std::vector<const cuda::DeviceFacts*> usable;
        for (const cuda::DeviceFacts& device : place.survey.devices)
            if (device.has_code) usable.push_back(&device);
        if (usable.empty()) {
            GpuMap none;
            none.problem = fmt::format("rank {} on {}: {}", rank, place.host, place.survey.problem);
            none.hung = place.hung;
            return none;
        }
        const cuda::DeviceFacts& mine =
            *usable[static_cast<std::size_t>(place.node_rank) % usable.size()];
        Host& host = hosts[place.host];
        for (const cuda::DeviceFacts* device : usable) {
            host[device->bus].name = device->name;
            host[device->bus].memory = device->memory;
        }
        host[mine.bus].ranks.push_back(static_cast<int>(rank));
        out.device.push_back(mine.number);
        out.compute_major = std::min(out.compute_major, mine.major);
    }
    for (const auto& [name, host] : hosts) {
        describe(name, host, out);
        for (const auto& [bus, share] : host) {
            if (share.ranks.empty()) continue;
            const std::uint64_t each = share.memory / share.ranks.size();
            out.memory_each = out.memory_each == 0 ? each : std::min(out.memory_each, each);
        }
    }
    return out;
}

}  // namespace cytofleet
