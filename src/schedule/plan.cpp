#include "schedule/plan.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <queue>
#include <utility>

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

bool holds(const Plan& plan, const FrameId& frame) {
    return std::ranges::any_of(plan.units, [&](const Unit& unit) {
        return unit.file == frame.file && unit.scene == frame.scene && frame.t >= unit.first &&
               frame.t < unit.first + unit.count;
    });
}

Plan what_is_needed(const Plan& plan, const std::function<FrameNeed(const FrameId&)>& need) {
    Plan out;
    for (const Unit& unit : plan.units) {
        bool open = false;  // the last unit goes on
        for (std::int64_t t = unit.first; t < unit.first + unit.count; ++t) {
            const FrameNeed what = need({unit.file, unit.scene, t});
            if (what == FrameNeed::none) {
                open = false;
                continue;
            }
            ++out.frames;
            if (open && what == FrameNeed::any) {
                ++out.units.back().count;
                continue;
            }
            out.units.push_back({unit.file, unit.scene, t, 1});
            open = what == FrameNeed::any;
        }
    }
    return out;
}

Plan shard_of(const Plan& plan, const std::vector<PlanItem>& items, int index, int count) {
    ensure(index >= 0 && index < count, "a shard is one of those that share the work");
    std::map<std::pair<std::int64_t, std::int64_t>, double> frame_cost;
    for (const PlanItem& item : items) frame_cost[{item.file, item.scene}] = item.frame_cost;
    // Each unit goes to whoever has least so far; ties to the first.
    using Load = std::pair<double, int>;
    std::priority_queue<Load, std::vector<Load>, std::greater<>> loads;
    for (int shard = 0; shard < count; ++shard) loads.emplace(0, shard);
    Plan out;
    for (const Unit& unit : plan.units) {
        auto [load, shard] = loads.top();
        loads.pop();
        loads.emplace(
            load + static_cast<double>(unit.count) * frame_cost.at({unit.file, unit.scene}), shard);
        if (shard != index) continue;
        out.units.push_back(unit);
        out.frames += unit.count;
    }
    return out;
}

}  // namespace cytofleet
