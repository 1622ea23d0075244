// The master's books: who gets what, what is complete, and what is said twice.
#include "schedule/master.hpp"

#include <deque>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/timer.hpp"
#include "schedule/frames.hpp"
#include "schedule/makespan.hpp"

namespace cytofleet {
namespace {

using Scenes = std::vector<std::pair<std::int64_t, std::int64_t>>;

using test::record;
using test::records_of;

/// What a rank is given, when nothing else of the grant matters.
std::optional<Unit> unit_for(Master& master, int rank) {
    const auto grant = master.next(rank, 0);
    if (!grant) return std::nullopt;
    EXPECT_EQ(grant->revoked_from, -1);
    return grant->unit;
}

Scenes complete_by(Master& master, const std::vector<FrameRecord>& records) {
    return master.done(0, records, 0).complete;
}

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
    Master master(two_items, two_files(), {});
    for (const Unit& unit : two_files().units) EXPECT_EQ(unit_for(master, 0), unit);
    EXPECT_EQ(unit_for(master, 0), std::nullopt);
    EXPECT_EQ(unit_for(master, 5), std::nullopt);
}

TEST(Master, KeepsARankAtItsFile) {
    Master master(two_items, two_files(), {});
    EXPECT_EQ(unit_for(master, 0)->file, 0);
    EXPECT_EQ(unit_for(master, 1)->file, 0);
    EXPECT_EQ(unit_for(master, 2)->file, 0);
    EXPECT_EQ(unit_for(master, 0)->file, 0);  // the last unit of file 0
    EXPECT_EQ(unit_for(master, 2)->file, 1);
    EXPECT_EQ(*unit_for(master, 2), (Unit{1, 0, 2, 2}));
    EXPECT_EQ(unit_for(master, 1)->file, 1);
}

TEST(Master, ARankStaysWhileNewOnesOpenTheNextFile) {
    const std::vector<PlanItem> items{{0, 0, 1, 9.0}, {1, 0, 3, 1.0}, {2, 0, 2, 1.0}};
    Master master(items,
                  {{{0, 0, 0, 1}, {1, 0, 0, 1}, {1, 0, 1, 1}, {1, 0, 2, 1}, {2, 0, 0, 2}}, 6}, {});
    EXPECT_EQ(unit_for(master, 0)->file, 0);
    EXPECT_EQ(unit_for(master, 1)->file, 1);
    EXPECT_EQ(unit_for(master, 0)->file, 1);
    EXPECT_EQ(unit_for(master, 1)->file, 1);
    EXPECT_EQ(unit_for(master, 1)->file, 2);
    EXPECT_EQ(unit_for(master, 0), std::nullopt);
}

TEST(Master, SaysWhichScenesAreComplete) {
    const std::vector<PlanItem> items{{0, 0, 2, 1.0}, {0, 1, 1, 1.0}};
    Master master(items, make_plan(items, Partition::files, 2), {});
    EXPECT_EQ(master.frames_total(), 3);
    EXPECT_EQ(complete_by(master, {record(0, 0, 1, 7)}), Scenes{});
    EXPECT_THROW(master.take_records(0, 0), InternalError);
    EXPECT_EQ(complete_by(master, {record(0, 1, 0), record(0, 0, 0, 5)}), (Scenes{{0, 1}, {0, 0}}));
    EXPECT_TRUE(master.all_done());
    const auto records = master.take_records(0, 0);
    ASSERT_EQ(records.size(), 2U);
    EXPECT_EQ(records[0].cells, 5U);
    EXPECT_EQ(records[1].cells, 7U);
    EXPECT_THROW(master.take_records(0, 0), InternalError);
}

TEST(Master, TheFirstOfTwoResultsWins) {
    const std::vector<PlanItem> items{{3, 0, 2, 1.0}};
    Master master(items, make_plan(items, Partition::files, 2), {});
    EXPECT_EQ(complete_by(master, {record(3, 0, 0, 1), record(3, 0, 0, 2)}), Scenes{});
    EXPECT_EQ(complete_by(master, {record(3, 0, 0, 3)}), Scenes{});
    EXPECT_EQ(master.frames_done(), 1);
    EXPECT_EQ(complete_by(master, {record(3, 0, 1, 4)}), (Scenes{{3, 0}}));
    EXPECT_EQ(master.take_records(3, 0)[0].cells, 1U);
    EXPECT_EQ(complete_by(master, {record(3, 0, 1, 5)}),
              Scenes{});  // late, after the scene was assembled
    EXPECT_EQ(master.frames_done(), 2);
}

TEST(Master, RefusesFramesThatAreNotInThePlan) {
    Master master(two_items, two_files(), {});
    EXPECT_THROW(complete_by(master, {record(2, 0, 0)}), InternalError);
    EXPECT_THROW(complete_by(master, {record(0, 1, 0)}), InternalError);
    EXPECT_THROW(complete_by(master, {record(0, 0, 8)}), InternalError);
    EXPECT_THROW(complete_by(master, {record(0, 0, -1)}), InternalError);
    EXPECT_THROW(Master({two_items[0]}, two_files(), {}), InternalError);
    EXPECT_THROW(Master({two_items[0], two_items[0]}, {}, {}), InternalError);
}

TEST(Master, ATakenUpRunHandsOutOnlyWhatIsLeft) {
    Plan rest = two_files();
    rest.units.erase(rest.units.begin() + 1, rest.units.begin() + 3);
    Master master(two_items, rest, {});
    EXPECT_EQ(master.frames_total(), 12);
    std::vector<FrameRecord> before;
    for (std::int64_t t = 2; t < 6; ++t) before.push_back(record(0, 0, t, 9));
    EXPECT_EQ(master.resume(before), Scenes{});
    EXPECT_EQ(master.frames_total(), 16);
    EXPECT_EQ(master.frames_done(), 4);
    EXPECT_EQ(unit_for(master, 0)->first, 0);
    EXPECT_EQ(unit_for(master, 0)->first, 6);
    complete_by(master, {record(0, 0, 0), record(0, 0, 1), record(0, 0, 6)});
    EXPECT_EQ(complete_by(master, {record(0, 0, 7)}), (Scenes{{0, 0}}));
    EXPECT_EQ(master.take_records(0, 0)[3].cells, 9U);
}

TEST(Master, ScenesThatEarlierAttemptsDidAreCompleteAtOnce) {
    Plan rest = two_files();
    rest.units.erase(rest.units.begin(), rest.units.begin() + 4);
    Master master(two_items, rest, {});
    std::vector<FrameRecord> before;
    for (std::int64_t t = 0; t < 8; ++t) before.push_back(record(0, 0, t));
    before.push_back(record(0, 0, 7, 3));  // two attempts did it
    EXPECT_EQ(master.resume(before), (Scenes{{0, 0}}));
    EXPECT_EQ(master.frames_total(), 16);
    EXPECT_EQ(master.take_records(0, 0).size(), 8U);
    EXPECT_EQ(unit_for(master, 0)->file, 1);
}

TEST(Master, EveryFrameIsDoneOnceWhateverTheOrder) {
    std::mt19937 random(5);
    for (int round = 0; round < 100; ++round) {
        const auto items = test::random_items(random, 1 + random() % 30);
        for (const Partition partition :
             {Partition::automatic, Partition::files, Partition::frames}) {
            // Nothing is shared, so nobody does what another has in hand.
            Master master(items, make_plan(items, partition, 4), {4, 2, false, {}});
            std::vector<std::deque<Unit>> in_hand(4);
            std::set<FrameId> seen;
            std::size_t complete = 0;
            bool more = true;
            while (more || !master.all_done()) {
                const int rank = static_cast<int>(random() % 4);
                auto& mine = in_hand[static_cast<std::size_t>(rank)];
                if (const auto unit = unit_for(master, rank)) {
                    mine.push_back(*unit);
                } else {
                    more = false;
                }
                if (mine.empty() || random() % 2 == 0) continue;
                const auto records = records_of(mine.front());
                mine.pop_front();
                for (const auto& one : records) ASSERT_TRUE(seen.insert(one.frame).second);
                for (const auto& [file, scene] : complete_by(master, records)) {
                    ++complete;
                    const auto all = master.take_records(file, scene);
                    for (std::size_t t = 0; t < all.size(); ++t)
                        ASSERT_EQ(all[t].frame,
                                  (FrameId{file, scene, static_cast<std::int64_t>(t)}));
                }
            }
            ASSERT_EQ(complete, items.size());
            ASSERT_EQ(static_cast<std::int64_t>(seen.size()), master.frames_total());
            ASSERT_EQ(unit_for(master, 0), std::nullopt);
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
    Master master(items, std::move(plan), {64, 2, true, {}});
    const Timer timer;
    int rank = 0;
    for (auto grant = master.next(0, 0); grant;
         grant = master.next(rank = (rank + 1) % 64, timer.seconds()))
        for (const auto& [file, scene] :
             master.done(rank, records_of(grant->unit), timer.seconds()).complete)
            master.take_records(file, scene);
    EXPECT_TRUE(master.all_done());
    const double rate = static_cast<double>(files * 10) / timer.seconds();
    RecordProperty("requests_per_second", std::to_string(rate));
    EXPECT_GT(rate, 20'000);
}

}  // namespace
}  // namespace cytofleet
