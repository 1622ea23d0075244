// A thousand ranks, some slow and some that die, end close to when they would if all was known
// beforehand.
#include <gtest/gtest.h>

#include "schedule/fleet_model.hpp"

namespace cytofleet {
namespace {

using test::FleetModel;
using test::FleetResult;
using test::FleetTuning;

/// Movies of 20 to 400 frames, a frame of 1, 2 or 4 megapixels; a few snapshots.
std::vector<PlanItem> movies(std::mt19937& random, double work) {
    std::vector<PlanItem> items;
    for (std::int64_t file = 0; work > 0; ++file) {
        const auto frames = static_cast<std::int64_t>(random() % 8 == 0 ? 1 : 20 + random() % 381);
        const double cost = 1.25 * static_cast<double>(1 << random() % 3);
        items.push_back({file, 0, frames, cost});
        work -= static_cast<double>(frames) * cost;
    }
    return items;
}

TEST(Fleet, AThousandRanksWithStragglersAndDeathsEndTogether) {
    double worst = 0;
    double master_seconds = 0;
    std::int64_t requests = 0;
    for (std::uint32_t seed = 1; seed <= 10; ++seed) {
        std::mt19937 random(seed);
        const auto items = movies(random, 620'000);
        const FleetResult result = FleetModel(items, {}, seed).run();
        ASSERT_FALSE(result.stuck) << "seed " << seed;
        EXPECT_GE(result.frames, 100'000);
        EXPECT_GE(result.ideal, 600);
        EXPECT_EQ(result.scenes, std::ssize(items));
        EXPECT_LE(result.makespan, 1.05 * result.ideal) << "seed " << seed;
        worst = std::max(worst, result.makespan / result.ideal);
        master_seconds += result.master_seconds;
        requests += result.requests;
    }
    std::printf("worst of 10: %.4f of the ideal; %.0f ns of Master a request\n", worst,
                1e9 * master_seconds / static_cast<double>(requests));
}

TEST(Fleet, FewRanksAndFewFramesEndToo) {
    for (std::uint32_t seed = 1; seed <= 200; ++seed) {
        std::mt19937 random(seed);
        FleetTuning tuning;
        tuning.ranks = 1 + static_cast<int>(random() % 6);
        tuning.stragglers = 0.3;
        tuning.deaths = 0.4;
        tuning.die_within = 60;
        const auto items = movies(random, static_cast<double>(1 + random() % 500));
        const FleetResult result = FleetModel(items, tuning, seed).run();
        ASSERT_FALSE(result.stuck) << "seed " << seed;
        ASSERT_EQ(result.scenes, std::ssize(items));
    }
}

}  // namespace
}  // namespace cytofleet
