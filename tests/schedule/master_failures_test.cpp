// The master when things go wrong: failures, late and silent ranks, suspects, lost planes.
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "schedule/frames.hpp"
#include "schedule/master.hpp"

namespace cytofleet {
namespace {

using Scenes = std::vector<std::pair<std::int64_t, std::int64_t>>;
using test::failure;
using test::record;
using test::records_of;

/// One file of so many frames of cost 1 in units of `count`.
struct Movie {
    std::vector<PlanItem> items;
    Plan plan;
    Movie(std::int64_t frames, std::int64_t count) : items{{0, 0, frames, 1.0}} {
        for (std::int64_t first = 0; first < frames; first += count)
            plan.units.push_back({0, 0, first, std::min(count, frames - first)});
        plan.frames = frames;
    }
    Master master(int ranks, const std::vector<FrameId>& careful = {}) const {
        return {items, plan, {ranks, 2, true, {}}, careful};
    }
};

TEST(MasterFailures, AFailedFrameIsTriedByAnotherAndThenQuarantined) {
    Master master = Movie(2, 1).master(2);
    EXPECT_EQ(master.next(0, 0)->unit, (Unit{0, 0, 0, 1}));
    EXPECT_EQ(master.next(1, 0)->unit, (Unit{0, 0, 1, 1}));
    const Taken first = master.done(0, {failure({0, 0, 0})}, 1);
    EXPECT_TRUE(first.fresh.empty());
    ASSERT_EQ(first.retried.size(), 1U);
    EXPECT_EQ(first.retried[0].notes.front(), "no luck");
    EXPECT_EQ(master.frames_done(), 0);
    EXPECT_EQ(master.next(0, 1), std::nullopt);  // not by the same while there is another
    master.done(1, {record(0, 0, 1)}, 1);
    const auto again = master.next(1, 1);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->unit, (Unit{0, 0, 0, 1}));
    const Taken second = master.done(1, {failure({0, 0, 0})}, 2);
    ASSERT_EQ(second.fresh.size(), 1U);
    EXPECT_EQ(second.fresh[0].state, FrameState::quarantined);
    EXPECT_TRUE(second.retried.empty());
    EXPECT_EQ(second.complete, (Scenes{{0, 0}}));
    EXPECT_TRUE(master.all_done());
    EXPECT_EQ(master.take_records(0, 0)[0].state, FrameState::quarantined);
}

TEST(MasterFailures, ALoneRankTriesAgainItself) {
    Master master = Movie(1, 1).master(1);
    master.next(0, 0);
    master.done(0, {failure({0, 0, 0})}, 1);
    EXPECT_EQ(master.next(0, 1)->unit, (Unit{0, 0, 0, 1}));
    EXPECT_EQ(master.done(0, {failure({0, 0, 0})}, 2).fresh.size(), 1U);
}

TEST(MasterFailures, WhenNobodyElseComesARankTriesAgainItself) {
    Master master = Movie(1, 1).master(2);
    master.next(0, 0);
    master.done(0, {failure({0, 0, 0})}, 1);
    EXPECT_EQ(master.next(0, 2), std::nullopt);
    EXPECT_TRUE(master.next(0, 20));
}

TEST(MasterFailures, AFailureOfWhatIsInCountsForNothing) {
    Master master = Movie(2, 2).master(2);
    master.next(0, 0);
    master.done(1, {record(0, 0, 0)}, 1);
    const Taken late = master.done(0, {failure({0, 0, 0})}, 2);
    EXPECT_TRUE(late.retried.empty());
    EXPECT_TRUE(late.fresh.empty());
    master.done(0, {record(0, 0, 1)}, 3);
    EXPECT_TRUE(master.all_done());
    EXPECT_EQ(master.next(1, 4), std::nullopt);
    EXPECT_EQ(master.take_records(0, 0)[0].state, FrameState::done);
}

TEST(MasterFailures, WhatWasDoneMeanwhileIsNotTriedAgain) {
    Master master = Movie(1, 1).master(3);
    master.next(0, 0);
    master.done(0, {failure({0, 0, 0})}, 1);
    master.done(2, {record(0, 0, 0)}, 1);  // it had it from before it was silent, say
    EXPECT_EQ(master.next(1, 1), std::nullopt);
}

TEST(MasterFailures, ASilentRanksFramesGoToAnother) {
    Master master = Movie(8, 4).master(2);
    master.next(0, 0);
    master.next(0, 0);
    EXPECT_EQ(master.next(1, 1), std::nullopt);  // nothing is known of how long frames take
    master.set_silent(0, true);
    EXPECT_TRUE(master.is_late(0, 1));
    EXPECT_EQ(master.next(0, 1), std::nullopt);  // and it gets nothing
    const auto last = master.next(1, 1);
    ASSERT_TRUE(last);
    EXPECT_EQ(last->unit, (Unit{0, 0, 4, 4}));
    EXPECT_EQ(last->revoked_from, 0);
    EXPECT_TRUE(last->late);
    const auto first = master.next(1, 1);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->unit, (Unit{0, 0, 0, 4}));
    EXPECT_EQ(first->revoked_from, 0);
    EXPECT_EQ(master.next(1, 2), std::nullopt);
    // It comes back, and was faster with one of them.
    master.set_silent(0, false);
    EXPECT_EQ(master.done(0, {record(0, 0, 0, 5)}, 3).fresh.size(), 1U);
    EXPECT_EQ(master.done(1, {record(0, 0, 0, 6)}, 3).fresh.size(), 0U);
    master.done(1, records_of({0, 0, 1, 7}), 4);
    EXPECT_TRUE(master.all_done());
    EXPECT_EQ(master.take_records(0, 0)[0].cells, 5U);
}

TEST(MasterFailures, ARankThatTakesFarTooLongIsLate) {
    Master master = Movie(20, 10).master(2);
    master.next(0, 0);
    master.next(1, 0);
    for (std::int64_t t = 10; t < 20; ++t)
        master.done(1, {record(0, 0, t)}, static_cast<double>(t - 9));
    EXPECT_FALSE(master.is_late(0, 9.9));  // never before the shortest lease
    EXPECT_TRUE(master.is_late(0, 10.1));
    EXPECT_FALSE(master.is_late(1, 100));  // has nothing in hand
    const auto grant = master.next(1, 10.1);
    ASSERT_TRUE(grant);
    EXPECT_TRUE(grant->late);
    EXPECT_EQ(grant->revoked_from, 0);
    EXPECT_EQ(grant->unit, (Unit{0, 0, 0, 10}));
}

TEST(MasterFailures, FramesThatGoThroughTheModelTogetherMakeNobodyLate) {
    // 40 s for every 20 frames, all reported at once; the other began 30 s later.
    const std::vector<PlanItem> items{{0, 0, 100, 1.0}, {1, 0, 100, 1.0}};
    Master master(items, make_plan(items, Partition::files, 2), {2, 2, true, {}});
    master.next(0, 0);
    master.next(1, 0);
    for (const int rank : {0, 1})
        for (std::int64_t t = 0; t < 20; ++t) master.done(rank, {record(rank, 0, t)}, 40);
    for (std::int64_t t = 20; t < 40; ++t) master.done(0, {record(0, 0, t)}, 80);
    EXPECT_FALSE(master.is_late(1, 110));
    EXPECT_TRUE(master.is_late(1, 40 + 8 * 40 + 50));
}

TEST(MasterFailures, ALateUnitIsNotGivenToEverybody) {
    Master master = Movie(4, 4).master(4);
    master.next(0, 0);
    master.set_silent(0, true);
    EXPECT_TRUE(master.next(1, 1));
    EXPECT_EQ(master.next(2, 1), std::nullopt);
    master.set_silent(1, true);  // this one too
    const auto grant = master.next(2, 2);
    ASSERT_TRUE(grant);
    EXPECT_EQ(grant->unit.count, 4);
    EXPECT_EQ(master.next(3, 2), std::nullopt);
}

TEST(MasterFailures, TheTailIsShared) {
    Master master = Movie(31, 30).master(2);
    master.next(0, 0);
    master.next(1, 0);
    master.done(1, {record(0, 0, 30)}, 1);
    const auto grant = master.next(1, 1);  // 29 are left but for the one at work
    ASSERT_TRUE(grant);
    EXPECT_EQ(grant->unit, (Unit{0, 0, 16, 14}));
    EXPECT_EQ(grant->revoked_from, 0);
    EXPECT_FALSE(grant->late);
}

TEST(MasterFailures, NothingIsSharedWhereThatIsNotWanted) {
    const Movie movie(31, 30);
    Master master(movie.items, movie.plan, {2, 2, false, {}});
    master.next(0, 0);
    master.next(1, 0);
    master.done(1, {record(0, 0, 30)}, 1);
    EXPECT_EQ(master.next(1, 1), std::nullopt);
    master.set_silent(0, true);
    EXPECT_TRUE(master.next(1, 1));
}

TEST(MasterFailures, ASlowRanksLastFrameIsDoneTwice) {
    Master master = Movie(2, 1).master(3);
    master.next(0, 0);
    master.next(1, 0);
    master.done(1, {record(0, 0, 1)}, 1);
    EXPECT_EQ(master.next(1, 1.9), std::nullopt);
    const auto grant = master.next(1, 2.1);
    ASSERT_TRUE(grant);
    EXPECT_EQ(grant->unit, (Unit{0, 0, 0, 1}));
    EXPECT_EQ(grant->revoked_from, -1);  // both go on
    EXPECT_EQ(master.next(2, 2.2), std::nullopt);
    EXPECT_EQ(master.done(0, {record(0, 0, 0)}, 3).complete, (Scenes{{0, 0}}));
    EXPECT_EQ(master.done(1, {record(0, 0, 0)}, 3).complete, Scenes{});
}

TEST(MasterFailures, SuspectsGoOutOneAtATime) {
    const std::vector<FrameId> careful{{0, 0, 3}, {0, 0, 6}};
    const std::vector<PlanItem> items{{0, 0, 8, 1.0}};
    Master master(items, {{{0, 0, 0, 3}, {0, 0, 4, 2}, {0, 0, 7, 1}}, 6}, {3, 2, true, {}},
                  careful);
    EXPECT_EQ(master.frames_total(), 8);
    EXPECT_EQ(master.next(0, 0)->unit, (Unit{0, 0, 3, 1}));
    EXPECT_EQ(master.next(1, 0)->unit, (Unit{0, 0, 0, 3}));
    EXPECT_EQ(master.next(1, 0)->unit, (Unit{0, 0, 4, 2}));
    master.done(0, {failure({0, 0, 3})}, 1);
    EXPECT_EQ(master.next(0, 1)->unit, (Unit{0, 0, 7, 1}));  // it is still suspected
    EXPECT_EQ(master.next(1, 1)->unit, (Unit{0, 0, 3, 1}));
    master.done(1, {record(0, 0, 3)}, 2);
    EXPECT_EQ(master.next(2, 2)->unit, (Unit{0, 0, 6, 1}));
}

TEST(MasterFailures, LostPlanesAreDoneAgain) {
    Master master = Movie(4, 4).master(2);
    master.next(0, 0);
    EXPECT_EQ(master.done(0, records_of({0, 0, 0, 4}), 1).complete, (Scenes{{0, 0}}));
    auto records = master.take_records(0, 0);
    EXPECT_TRUE(master.all_done());
    EXPECT_THROW(master.reopen(records, {}), InternalError);
    EXPECT_THROW(master.reopen({records[0]}, {0}), InternalError);
    master.reopen(records, {1, 3});
    EXPECT_FALSE(master.all_done());
    EXPECT_THROW(master.reopen(records, {1}), InternalError);
    EXPECT_EQ(master.next(0, 1)->unit, (Unit{0, 0, 1, 1}));
    EXPECT_EQ(master.next(1, 1)->unit, (Unit{0, 0, 3, 1}));
    EXPECT_TRUE(master.done(0, {record(0, 0, 0, 8)}, 2).fresh.empty());  // was not lost
    master.done(0, {record(0, 0, 1, 7)}, 2);
    EXPECT_EQ(master.done(1, {record(0, 0, 3, 7)}, 2).complete, (Scenes{{0, 0}}));
    records = master.take_records(0, 0);
    EXPECT_EQ(records[0].cells, 0U);
    EXPECT_EQ(records[1].cells, 7U);
    EXPECT_TRUE(master.all_done());
}

}  // namespace
}  // namespace cytofleet
