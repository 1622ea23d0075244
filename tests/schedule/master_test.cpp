// The master's books: who gets what, what is complete, and what is said twice.
#include "schedule/master.hpp"

#include <deque>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/timer.hpp"
#include "schedule/makespan.hpp"

namespace cytofleet {
namespace {

using Scenes = std::vector<std::pair<std::int64_t, std::int64_t>>;

FrameRecord record(std::int64_t file, std::int64_t scene, std::int64_t t, std::uint32_t cells = 0) {
    FrameRecord out;
    out.frame = {file, scene, t};
    out.cells = cells;
    return out;
}

std::vector<FrameRecord> records_of(const Unit& unit) {
    std::vector<FrameRecord> out;
    for (std::int64_t t = unit.first; t < unit.first + unit.count; ++t)
        out.push_back(record(unit.file, unit.scene, t));
    return out;
}

MasterTuning tuning_for(int ranks) {
    MasterTuning out;
    out.ranks = ranks;
    return out;
}

/// A master whose clock stands still.
class Still {
  public:
    Still(const std::vector<PlanItem>& items, Plan plan, int ranks = 4)
        : master(items, std::move(plan), tuning_for(ranks)) {}
    std::optional<Unit> next(int rank) {
        const auto grant = master.next(rank, 0);
        return grant ? std::optional(grant->unit) : std::nullopt;
    }
    Scenes done(const std::vector<FrameRecord>& records, int rank = 0) {
        return master.done(rank, records, 0).complete;
    }
    Master master;
};

/// Two files of 4 units of 2 frames each.
const std::vector<PlanItem> two_items{{0, 0, 8, 1.0}, {1, 0, 8, 1.0}};
Plan two_files() {
    Plan plan;
    for (const std::int64_t file : {0, 1})
        for (std::int64_t first = 0; first < 8; first += 2)
            plan.units.push_back({file, 0, first, 2});
    plan.frames = 16;
    return plan;
}

TEST(Master, HandsOutInPlanOrder) {
    Still still(two_items, two_files());
    for (const Unit& unit : two_files().units) EXPECT_EQ(still.next(0), unit);
    EXPECT_EQ(still.next(0), std::nullopt);
    EXPECT_EQ(still.next(5), std::nullopt);
}

TEST(Master, KeepsARankAtItsFile) {
    Still still(two_items, two_files());
    EXPECT_EQ(still.next(0)->file, 0);
    EXPECT_EQ(still.next(1)->file, 0);
    EXPECT_EQ(still.next(2)->file, 0);
    EXPECT_EQ(still.next(0)->file, 0);  // the last unit of file 0
    EXPECT_EQ(still.next(2)->file, 1);
    EXPECT_EQ(*still.next(2), (Unit{1, 0, 2, 2}));
    EXPECT_EQ(still.next(1)->file, 1);
}

TEST(Master, ARankStaysWhileNewOnesOpenTheNextFile) {
    const std::vector<PlanItem> items{{0, 0, 1, 9.0}, {1, 0, 3, 1.0}, {2, 0, 2, 1.0}};
    Still still(items,
                  {{{0, 0, 0, 1}, {1, 0, 0, 1}, {1, 0, 1, 1}, {1, 0, 2, 1}, {2, 0, 0, 2}}, 6});
    EXPECT_EQ(still.next(0)->file, 0);
    EXPECT_EQ(still.next(1)->file, 1);
    EXPECT_EQ(still.next(0)->file, 1);
    EXPECT_EQ(still.next(1)->file, 1);
    EXPECT_EQ(still.next(1)->file, 2);
    EXPECT_EQ(still.next(0), std::nullopt);
}

TEST(Master, SaysWhichScenesAreComplete) {
    const std::vector<PlanItem> items{{0, 0, 2, 1.0}, {0, 1, 1, 1.0}};
    Still still(items, make_plan(items, Partition::files, 2));
    EXPECT_EQ(still.master.frames_total(), 3);
    EXPECT_EQ(still.done({record(0, 0, 1, 7)}), Scenes{});
    EXPECT_THROW(still.master.take_records(0, 0), InternalError);
    EXPECT_EQ(still.done({record(0, 1, 0), record(0, 0, 0, 5)}), (Scenes{{0, 1}, {0, 0}}));
    EXPECT_TRUE(still.master.all_done());
    const auto records = still.master.take_records(0, 0);
    ASSERT_EQ(records.size(), 2U);
    EXPECT_EQ(records[0].cells, 5U);
    EXPECT_EQ(records[1].cells, 7U);
    EXPECT_THROW(still.master.take_records(0, 0), InternalError);
}

TEST(Master, TheFirstOfTwoResultsWins) {
    const std::vector<PlanItem> items{{3, 0, 2, 1.0}};
    Still still(items, make_plan(items, Partition::files, 2));
    EXPECT_EQ(still.done({record(3, 0, 0, 1), record(3, 0, 0, 2)}), Scenes{});
    EXPECT_EQ(still.done({record(3, 0, 0, 3)}), Scenes{});
    EXPECT_EQ(still.master.frames_done(), 1);
    EXPECT_EQ(still.done({record(3, 0, 1, 4)}), (Scenes{{3, 0}}));
    EXPECT_EQ(still.master.take_records(3, 0)[0].cells, 1U);
    EXPECT_EQ(still.done({record(3, 0, 1, 5)}), Scenes{});  // late, after the scene was assembled
    EXPECT_EQ(still.master.frames_done(), 2);
}

TEST(Master, RefusesFramesThatAreNotInThePlan) {
    Still still(two_items, two_files());
    EXPECT_THROW(still.done({record(2, 0, 0)}), InternalError);
    EXPECT_THROW(still.done({record(0, 1, 0)}), InternalError);
    EXPECT_THROW(still.done({record(0, 0, 8)}), InternalError);
    EXPECT_THROW(still.done({record(0, 0, -1)}), InternalError);
    EXPECT_THROW(Still({two_items[0]}, two_files()), InternalError);
    EXPECT_THROW(Still({two_items[0], two_items[0]}, {}), InternalError);
}

TEST(Master, ATakenUpRunHandsOutOnlyWhatIsLeft) {
    Plan rest = two_files();
    rest.units.erase(rest.units.begin() + 1, rest.units.begin() + 3);
    Still still(two_items, rest);
    for (std::int64_t t = 2; t < 6; ++t) still.done({record(0, 0, t)});
    EXPECT_EQ(still.next(0)->first, 0);
    EXPECT_EQ(still.next(0)->first, 6);
    still.done({record(0, 0, 0), record(0, 0, 1), record(0, 0, 6)});
    EXPECT_EQ(still.done({record(0, 0, 7)}), (Scenes{{0, 0}}));
}

TEST(Master, EveryFrameIsDoneOnceWhateverTheOrder) {
    std::mt19937 random(5);
    for (int round = 0; round < 100; ++round) {
        const auto items = test::random_items(random, 1 + random() % 30);
        for (const Partition partition :
             {Partition::automatic, Partition::files, Partition::frames}) {
            Still still(items, make_plan(items, partition, 4));
            std::vector<std::deque<Unit>> in_hand(4);
            std::set<FrameId> seen;
            std::size_t complete = 0;
            bool more = true;
            while (more || !still.master.all_done()) {
                const int rank = static_cast<int>(random() % 4);
                auto& mine = in_hand[static_cast<std::size_t>(rank)];
                if (const auto unit = still.next(rank)) {
                    mine.push_back(*unit);
                } else {
                    more = false;
                }
                if (mine.empty() || random() % 2 == 0) continue;
                const auto records = records_of(mine.front());
                mine.pop_front();
                for (const auto& one : records) ASSERT_TRUE(seen.insert(one.frame).second);
                for (const auto& [file, scene] : still.done(records)) {
                    ++complete;
                    const auto all = still.master.take_records(file, scene);
                    for (std::size_t t = 0; t < all.size(); ++t)
                        ASSERT_EQ(all[t].frame,
                                  (FrameId{file, scene, static_cast<std::int64_t>(t)}));
                }
            }
            ASSERT_EQ(complete, items.size());
            ASSERT_EQ(static_cast<std::int64_t>(seen.size()), still.master.frames_total());
            ASSERT_EQ(still.next(0), std::nullopt);
        }
    }
}

TEST(Master, ServesTwentyThousandRequestsASecond) {
    constexpr std::int64_t files = 10'000;
    std::vector<PlanItem> items;
    Plan plan;
    for (std::int64_t file = 0; file < files; ++file) {
        items.push_back({file, 0, 10, 1.0});
        for (std::int64_t t = 0; t < 10; ++t) plan.units.push_back({file, 0, t, 1});
    }
    plan.frames = files * 10;
    Still still(items, std::move(plan));
    const Timer timer;
    int rank = 0;
    for (auto unit = still.next(0); unit; unit = still.next(rank = (rank + 1) % 64))
        for (const auto& [file, scene] : still.done(records_of(*unit)))
            still.master.take_records(file, scene);
    EXPECT_TRUE(still.master.all_done());
    const double rate = static_cast<double>(files * 10) / timer.seconds();
    RecordProperty("requests_per_second", std::to_string(rate));
    EXPECT_GT(rate, 20'000);
}

}  // namespace
}  // namespace cytofleet
