// Parts of a plan: what is left of it, and a shard's share.
#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <sys/resource.h>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/timer.hpp"
#include "schedule/makespan.hpp"
#include "schedule/master.hpp"
#include "schedule/plan.hpp"

namespace cytofleet {
namespace {

using test::random_items;

TEST(WhatIsNeeded, KeepsRunsAndIsolatesSuspects) {
    const Plan plan{{{0, 0, 0, 6}, {0, 0, 6, 4}, {1, 2, 0, 2}}, 12};
    const auto need = [](const FrameId& frame) {
        if (frame.file == 1) return FrameNeed::none;
        if (frame.t == 1) return FrameNeed::none;
        if (frame.t == 3 || frame.t == 4) return FrameNeed::alone;
        return FrameNeed::any;
    };
    const Plan rest = what_is_needed(plan, need);
    EXPECT_EQ(
        rest.units,
        (std::vector<Unit>{
            {0, 0, 0, 1}, {0, 0, 2, 1}, {0, 0, 3, 1}, {0, 0, 4, 1}, {0, 0, 5, 1}, {0, 0, 6, 4}}));
    EXPECT_EQ(rest.frames, 9);
    EXPECT_EQ(what_is_needed(plan, [](const FrameId&) { return FrameNeed::any; }).units,
              plan.units);
    const Plan nothing = what_is_needed(plan, [](const FrameId&) { return FrameNeed::none; });
    EXPECT_TRUE(nothing.units.empty());
    EXPECT_EQ(nothing.frames, 0);
}

TEST(WhatIsNeeded, IsEveryFrameThatIsNeededOnce) {
    std::mt19937 random(8);
    for (int round = 0; round < 100; ++round) {
        const auto items = random_items(random, 1 + random() % 20);
        std::map<FrameId, FrameNeed> needs;
        const Plan rest =
            what_is_needed(make_plan(items, Partition::automatic, 3), [&](const FrameId& frame) {
                const FrameNeed need = static_cast<FrameNeed>(random() % 3);
                EXPECT_TRUE(needs.emplace(frame, need).second);
                return need;
            });
        std::int64_t frames = 0;
        for (const Unit& unit : rest.units)
            for (std::int64_t t = unit.first; t < unit.first + unit.count; ++t) {
                const FrameNeed need = needs.at({unit.file, unit.scene, t});
                ASSERT_NE(need, FrameNeed::none);
                ASSERT_TRUE(need == FrameNeed::any || unit.count == 1);
                ++frames;
            }
        ASSERT_EQ(frames, std::ranges::count_if(needs, [](const auto& entry) {
                      return entry.second != FrameNeed::none;
                  }));
        ASSERT_EQ(frames, rest.frames);
        ASSERT_NO_THROW(Master(items, rest, {}));  // scenes still stand together
    }
}

TEST(Shards, ShareEveryUnitEvenly) {
    std::mt19937 random(9);
    for (int round = 0; round < 50; ++round) {
        const auto items = random_items(random, 1 + random() % 60);
        std::map<std::pair<std::int64_t, std::int64_t>, double> cost;
        for (const PlanItem& item : items) cost[{item.file, item.scene}] = item.frame_cost;
        for (const int count : {1, 2, 3, 8, 100}) {
            const Plan plan = make_plan(items, Partition::automatic, count);
            std::vector<Unit> all;
            std::vector<double> loads;
            double largest = 0;
            for (int index = 0; index < count; ++index) {
                const Plan shard = shard_of(plan, items, index, count);
                ASSERT_EQ(shard.units, shard_of(plan, items, index, count).units);
                double load = 0;
                std::int64_t frames = 0;
                for (const Unit& unit : shard.units) {
                    const double part =
                        static_cast<double>(unit.count) * cost.at({unit.file, unit.scene});
                    largest = std::max(largest, part);
                    load += part;
                    frames += unit.count;
                    all.push_back(unit);
                }
                ASSERT_EQ(frames, shard.frames);
                loads.push_back(load);
            }
            const auto order = [](const Unit& unit) {
                return std::tuple(unit.file, unit.scene, unit.first, unit.count);
            };
            auto expected = plan.units;
            std::ranges::sort(expected, {}, order);
            std::ranges::sort(all, {}, order);
            ASSERT_EQ(all, expected);
            const auto [least, most] = std::ranges::minmax(loads);
            ASSERT_LE(most - least, largest * (1 + 1e-9));
        }
    }
}

TEST(Shards, AreRefusedWhereThereAreNone) {
    const std::vector<PlanItem> items{{0, 0, 4, 1.0}};
    const Plan plan = make_plan(items, Partition::files, 2);
    EXPECT_THROW(shard_of(plan, items, 2, 2), InternalError);
    EXPECT_THROW(shard_of(plan, items, -1, 2), InternalError);
}

TEST(Holds, KnowsFirstAndLastFrame) {
    const Plan plan{{{0, 0, 2, 3}, {4, 1, 0, 1}}, 4};
    for (const std::int64_t t : {2, 3, 4}) EXPECT_TRUE(holds(plan, {0, 0, t}));
    EXPECT_TRUE(holds(plan, {4, 1, 0}));
    for (const std::int64_t t : {1, 5, -1}) EXPECT_FALSE(holds(plan, {0, 0, t}));
    EXPECT_FALSE(holds(plan, {0, 1, 2}));
    EXPECT_FALSE(holds(plan, {4, 1, 1}));
    EXPECT_FALSE(holds({}, {0, 0, 0}));
}

TEST(WorkList, OfAHundredThousandFilesIsQuickAndSmall) {
    const Timer timer;
    std::vector<PlanItem> items;
    for (std::int64_t file = 0; file < 100'000; ++file)
        items.push_back({file, 0, 100, 1.0 + static_cast<double>(file % 7)});
    // Every third frame is done, which makes as many units as there can be.
    Master master(items,
                  what_is_needed(make_plan(items, Partition::automatic, 1000),
                                 [](const FrameId& frame) {
                                     return frame.t % 3 == 0 ? FrameNeed::none : FrameNeed::any;
                                 }),
                  {1000, 2, true, {}});
    EXPECT_EQ(master.frames_total(), 6'600'000);
    EXPECT_TRUE(master.next(0, 0));
    EXPECT_LT(timer.seconds(), 10);
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    EXPECT_LT(usage.ru_maxrss, 2'000'000) << "KiB at the peak";
    std::printf("%.2f s, %ld MB at the peak\n", timer.seconds(), usage.ru_maxrss / 1000);
}

}  // namespace
}  // namespace cytofleet
