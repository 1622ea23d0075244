#include "schedule/makespan.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <queue>
#include <utility>

namespace cytofleet::test {

std::vector<PlanItem> random_items(std::mt19937& random, std::size_t count) {
    std::vector<PlanItem> items;
    std::int64_t file = 0;
    std::int64_t scene = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const auto frames =
            static_cast<std::int64_t>(random() % 3 == 0 ? 1 + random() % 200 : 1 + random() % 10);
        items.push_back({file, scene, frames, 1.0 + static_cast<double>(random() % 16)});
        if (random() % 4 == 0) {
            ++scene;
        } else {
            ++file;
            scene = 0;
        }
    }
    return items;
}

double makespan(const std::vector<PlanItem>& items, const Plan& plan, int ranks) {
    std::map<std::pair<std::int64_t, std::int64_t>, double> frame_cost;
    for (const PlanItem& item : items) frame_cost[{item.file, item.scene}] = item.frame_cost;
    std::priority_queue<double, std::vector<double>, std::greater<>> free_at;
    for (int rank = 0; rank < ranks; ++rank) free_at.push(0);
    double end = 0;
    for (const Unit& unit : plan.units) {
        const double done = free_at.top() + static_cast<double>(unit.count) *
                                                frame_cost.at({unit.file, unit.scene});
        free_at.pop();
        free_at.push(done);
        end = std::max(end, done);
    }
    return end;
}

}  // namespace cytofleet::test
