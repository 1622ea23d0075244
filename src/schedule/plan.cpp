#include "schedule/plan.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"

namespace cytofleet {
namespace {

double cost(const PlanItem& item) {
    return static_cast<double>(item.frames) * item.frame_cost;
}

/// Units that a rank's fair share of the work still to do is cut into.
int units_per_share(Partition partition) {
    return partition == Partition::automatic ? 4 : 16;
}

/// Cuts one scene. `left`: cost of this scene and all after it, to be shared by `units_left` units.
void append_units(const PlanItem& item, double left, int units_left, std::vector<Unit>& units) {
    for (std::int64_t first = 0; first < item.frames;) {
        const double most = std::floor(left / units_left / item.frame_cost);
        std::int64_t count = item.frames - first;
        if (most < static_cast<double>(count))
            count = std::max<std::int64_t>(1, static_cast<std::int64_t>(most));
        units.push_back({item.file, item.scene, first, count});
        first += count;
        left -= static_cast<double>(count) * item.frame_cost;
    }
}

}  // namespace

Plan make_plan(const std::vector<PlanItem>& items, Partition partition, int ranks) {
    ensure(ranks > 0, "a run has at least one rank");
    Plan plan;
    double left = 0;
    for (const PlanItem& item : items) {
        ensure(item.frames > 0, "a scene has at least one frame");
        ensure(std::isfinite(item.frame_cost) && item.frame_cost > 0, "a frame costs something");
        plan.frames += item.frames;
        left += cost(item);
    }
    std::vector<std::size_t> order(items.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(
        order, [&](std::size_t a, std::size_t b) { return cost(items[a]) > cost(items[b]); });
    const bool whole = partition == Partition::files || ranks == 1;
    for (const std::size_t i : order) {
        const PlanItem& item = items[i];
        if (whole)
            plan.units.push_back({item.file, item.scene, 0, item.frames});
        else
            append_units(item, left, units_per_share(partition) * ranks, plan.units);
        left -= cost(item);
    }
    return plan;
}

}  // namespace cytofleet
