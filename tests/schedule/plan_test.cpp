// A plan hands out every frame once, dearest scenes first, in units that suit the ranks.
#include "schedule/plan.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <queue>
#include <random>
#include <sys/resource.h>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/timer.hpp"
#include "schedule/makespan.hpp"

namespace cytofleet {
namespace {

using test::makespan;
using test::random_items;

constexpr Partition partitions[] = {Partition::automatic, Partition::files, Partition::frames};

/// Every frame of every item once; frames of a scene ascending and its units together; scenes by
/// falling cost, equal ones in the order of the items.
void expect_valid(const Plan& plan, const std::vector<PlanItem>& items) {
    std::map<std::pair<std::int64_t, std::int64_t>, std::size_t> number;
    for (std::size_t i = 0; i < items.size(); ++i) number[{items[i].file, items[i].scene}] = i;
    const auto cost = [&](std::size_t i) {
        return static_cast<double>(items[i].frames) * items[i].frame_cost;
    };
    std::int64_t frames = 0;
    std::vector<std::size_t> order;
    std::int64_t next = 0;
    for (const Unit& unit : plan.units) {
        const std::size_t i = number.at({unit.file, unit.scene});
        if (order.empty() || order.back() != i) {
            if (!order.empty()) {
                ASSERT_EQ(next, items[order.back()].frames);
                ASSERT_TRUE(cost(order.back()) > cost(i) ||
                            (cost(order.back()) == cost(i) && order.back() < i));
            }
            order.push_back(i);
            next = 0;
        }
        ASSERT_GT(unit.count, 0);
        ASSERT_EQ(unit.first, next);
        next += unit.count;
        frames += unit.count;
    }
    ASSERT_EQ(order.size(), items.size());
    if (!order.empty()) {
        ASSERT_EQ(next, items[order.back()].frames);
    }
    ASSERT_EQ(frames, plan.frames);
}

TEST(Plan, HandsOutEveryFrameOnce) {
    std::mt19937 random(1);
    for (int round = 0; round < 300; ++round) {
        const auto items = random_items(random, random() % 40);
        for (const Partition partition : partitions)
            for (const int ranks : {1, 2, 3, 5, 64})
                ASSERT_NO_FATAL_FAILURE(expect_valid(make_plan(items, partition, ranks), items));
    }
}

TEST(Plan, KeepsScenesWholeByFilesAndForOneRank) {
    std::mt19937 random(2);
    const auto items = random_items(random, 30);
    EXPECT_EQ(make_plan(items, Partition::files, 7).units.size(), items.size());
    for (const Partition partition : partitions)
        EXPECT_EQ(make_plan(items, partition, 1).units.size(), items.size());
}

TEST(Plan, SpreadsOneFileOverAllRanks) {
    for (const Partition partition : {Partition::automatic, Partition::frames}) {
        const Plan plan = make_plan({{0, 0, 100, 1.0}}, partition, 4);
        EXPECT_GE(plan.units.size(), 8U);
        for (const Unit& unit : plan.units) EXPECT_LE(unit.count, 100 / 4 / 4);
        EXPECT_EQ(plan.units.back().count, 1);
    }
    EXPECT_EQ(make_plan({{0, 0, 3, 1.0}}, Partition::automatic, 8).units.size(), 3U);
}

TEST(Plan, FramesCutsFinerThanAutomatic) {
    const std::vector<PlanItem> items{{0, 0, 200, 1.0}, {1, 0, 180, 1.0}, {2, 0, 20, 1.0}};
    EXPECT_GT(make_plan(items, Partition::frames, 3).units.size(),
              make_plan(items, Partition::automatic, 3).units.size());
}

TEST(Plan, AutomaticCutsOnlyWhatWouldBeWaitedFor) {
    std::vector<PlanItem> items;
    for (std::int64_t file = 0; file < 400; ++file) items.push_back({file, 0, 50, 1.0});
    const Plan plan = make_plan(items, Partition::automatic, 4);
    const auto whole =
        std::ranges::count_if(plan.units, [](const Unit& u) { return u.count == 50; });
    EXPECT_GE(whole, 380);
    EXPECT_LT(whole, 400);
}

TEST(Plan, EndsTogetherOnAllRanks) {
    std::mt19937 random(3);
    for (int round = 0; round < 100; ++round) {
        const auto items = random_items(random, 1 + random() % 60);
        double total = 0;
        double dearest_frame = 0;
        for (const PlanItem& item : items) {
            total += static_cast<double>(item.frames) * item.frame_cost;
            dearest_frame = std::max(dearest_frame, item.frame_cost);
        }
        for (const Partition partition : {Partition::automatic, Partition::frames})
            for (const int ranks : {2, 3, 5, 16}) {
                const double end = makespan(items, make_plan(items, partition, ranks), ranks);
                // Nobody ends later than one frame after the fair share.
                EXPECT_LE(end, total / ranks + dearest_frame * (1 + 1e-9));
            }
    }
}

TEST(Plan, RefusesWhatIsNoWork) {
    EXPECT_THROW(make_plan({{0, 0, 0, 1.0}}, Partition::automatic, 2), InternalError);
    EXPECT_THROW(make_plan({{0, 0, 5, 0.0}}, Partition::automatic, 2), InternalError);
    EXPECT_THROW(make_plan({{0, 0, 5, 1.0}}, Partition::automatic, 0), InternalError);
    EXPECT_TRUE(make_plan({}, Partition::automatic, 2).units.empty());
}

TEST(Plan, OfAHundredThousandFilesIsQuickAndSmall) {
    std::vector<PlanItem> items;
    for (std::int64_t file = 0; file < 100'000; ++file)
        items.push_back({file, 0, 100, 1.0 + static_cast<double>(file % 7)});
    for (const Partition partition : partitions)
        for (const int ranks : {8, 1000}) {
            const Timer timer;
            const Plan plan = make_plan(items, partition, ranks);
            EXPECT_EQ(plan.frames, 10'000'000);
            EXPECT_LT(timer.seconds(), 10);
        }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    EXPECT_LT(usage.ru_maxrss, 2'000'000) << "KiB at the peak";
}

}  // namespace
}  // namespace cytofleet
