// Whole ranks, as threads: who does what, and how a run stops.
#include "pipeline/rank_loop.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fstream>
#include <new>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "pipeline/messages.hpp"
#include "pipeline/runner.hpp"

namespace cytofleet {
namespace {

using std::chrono::milliseconds;
using test::counting;
using test::Endings;
using test::Fleet;
using test::FleetRank;
using test::Gate;
using test::Runner;
using test::says;
using test::wait_for_lines;

TEST(RankLoop, OneRankDoesEverything) {
    Fleet fleet(1, {5, 3});
    const Endings end = Runner(fleet).go(1);
    EXPECT_EQ(end.codes.at(0), 0);
    EXPECT_EQ(fleet.cells(0), counting(1, 5));
    EXPECT_EQ(fleet.cells(1), counting(Fleet::first_value(1), 3));
    EXPECT_EQ(end.report().outcomes.size(), 2U);
    EXPECT_EQ(end.report().ranks.at(0).frames, 8);
    EXPECT_EQ(fleet.journalled<EndEvent>(), (std::vector<EndEvent>{{0}}));
}

TEST(RankLoop, ThreeRanksDoEveryFrameOnce) {
    Fleet fleet(3, {12, 7});
    const Endings end = Runner(fleet).go(3);
    for (int rank = 0; rank < 3; ++rank) EXPECT_EQ(end.codes.at(rank), 0) << rank;
    EXPECT_EQ(end.reports.size(), 1U) << "one of them led";
    EXPECT_EQ(fleet.cells(0), counting(1, 12));
    EXPECT_EQ(fleet.cells(1), counting(Fleet::first_value(1), 7));
    std::set<std::pair<std::string, std::int64_t>> frames;
    for (const FrameEvent& event : fleet.journalled<FrameEvent>())
        frames.insert({event.scene.input, event.t});
    EXPECT_EQ(frames.size(), 19U);
    std::int64_t tallied = 0;
    for (const RankTally& tally : end.report().ranks) tallied += tally.frames;
    EXPECT_EQ(tallied, 19);
    EXPECT_EQ(fleet.journalled<EndEvent>().size(), 3U);
}

TEST(RankLoop, FramesOfASlowRankAreTakenByOneThatHasNothingToDo) {
    Fleet fleet(2, {8});
    Runner run(fleet);
    std::atomic<int> slow = 0;
    run.step = [](int) { return std::string(); };
    run.steps[1] = [&](int) {
        ++slow;
        std::this_thread::sleep_for(milliseconds(150));
        return std::string();
    };
    run.partition = Partition::frames;
    const Endings end = run.go(2);
    EXPECT_EQ(end.codes.at(0), 0);
    EXPECT_EQ(fleet.cells(), counting(1, 8));
    EXPECT_LT(slow, 4) << "what was taken away was not done";
}

// Stops.

TEST(RankLoop, AStopFinishesTheFrameInHandAndNotItsUnit) {
    Fleet fleet(1, {10});
    Runner run(fleet);
    run.partition = Partition::files;  // one unit
    Gate gate;
    std::atomic<int> signal = 0;
    run.signal[0] = &signal;
    run.step = [&](int) {
        gate.pass();
        return std::string();
    };
    std::thread user([&] {
        gate.let_on(2);
        gate.wait_for(3);
        wait_for_lines(fleet, 2);
        signal = SIGTERM;
        // The leader has told everybody when the frame in the model comes to its end.
        std::this_thread::sleep_for(milliseconds(100));
        gate.open();
    });
    const Endings end = run.go(1);
    user.join();
    EXPECT_EQ(end.codes.at(0), exit_codes::stopped);
    EXPECT_EQ(end.report().stopped, "SIGTERM");
    EXPECT_EQ(gate.arrived(), 3) << "frames that went into the model";
    const auto stored = fleet.journalled<FrameEvent>();
    ASSERT_EQ(stored.size(), 3U);
    EXPECT_EQ(end.report().ranks.at(0).frames, 3) << "what was told is what is written down";
    for (std::size_t t = 0; t < 3; ++t) EXPECT_EQ(stored[t].t, static_cast<std::int64_t>(t));
    EXPECT_FALSE(std::filesystem::exists(fleet.mask()));
    // Nothing that was written down is done again, and the labels are the same.
    Fleet& again = fleet;
    again.record.attempt = attempt_name();
    const std::string before = again.record.spools.at(0);
    again.record.spools = {spool_name(again.record.attempt, 0), before};
    int done = 0;
    run_thread_team(1, [&](Communicator& comm) {
        FleetRank rank(again, comm, [&](int value) {
            EXPECT_GT(value, 3);
            ++done;
            return std::string();
        });
        const RankContext context = rank.context(comm);
        EXPECT_EQ(RankLoop(context, test::lead_by_journals(context), nullptr).go().exit_code, 0);
    });
    EXPECT_EQ(done, 7);
    EXPECT_EQ(again.cells(), counting(1, 10));
}

TEST(RankLoop, AStopOfManyRanksStoresOneFrameOfEachAtMost) {
    Fleet fleet(3, {18});
    Runner run(fleet);
    Gate gate;
    std::atomic<int> signal = 0;
    for (int rank = 0; rank < 3; ++rank) run.signal[rank] = &signal;
    run.step = [&](int) {
        gate.pass();
        return std::string();
    };
    std::thread user([&] {
        gate.wait_for(3);
        signal = SIGUSR1;
        std::this_thread::sleep_for(milliseconds(150));
        gate.open();
    });
    const Endings end = run.go(3);
    user.join();
    for (int rank = 0; rank < 3; ++rank) EXPECT_EQ(end.codes.at(rank), exit_codes::stopped);
    EXPECT_EQ(fleet.journalled<FrameEvent>().size(), 3U);
    EXPECT_EQ(end.report().stopped, "SIGUSR1");
    EXPECT_TRUE(says(end.logs.at(0), "stopping: SIGUSR1"));
}

TEST(RankLoop, AStopIsToldOnceByEachRank) {
    Fleet fleet(1, {6});
    std::atomic<int> signal = SIGINT;
    test::speak_for_all(2, [&](const std::vector<Communicator*>& comms) {
        // Rank 1 follows; the test leads, and lets it go after a while.
        Fleet two(2, {6});
        FleetRank rank(two, *comms[1]);
        rank.options.stop_signal = &signal;
        const RankContext context = rank.context(*comms[1]);
        std::thread follower([&] {
            EXPECT_EQ(RankLoop(context, nullptr, nullptr).go().exit_code, exit_codes::stopped);
        });
        std::this_thread::sleep_for(milliseconds(150));
        int told = 0;
        const auto count = [&] {
            while (const auto message = comms[0]->poll())
                if (Tag{message->tag} == Tag::stop_wanted) {
                    ++told;
                    EXPECT_EQ(text_from_bytes(message->body), "Ctrl-C");
                }
        };
        count();
        EXPECT_EQ(told, 1);
        // A new leader has not heard of it.
        comms[0]->send(1, static_cast<int>(Tag::lead), number_to_bytes(1));
        std::this_thread::sleep_for(milliseconds(100));
        count();
        EXPECT_EQ(told, 2);
        comms[0]->send(1, static_cast<int>(Tag::finish), number_to_bytes(exit_codes::stopped));
        comms[0]->send(1, static_cast<int>(Tag::leave), {});
        follower.join();
    });
}

TEST(RankLoop, MaxTimeStopsInOrder) {
    Fleet fleet(2, {18});
    fleet.options.max_seconds = 0.2;
    Runner run(fleet);
    run.step = [](int) {
        std::this_thread::sleep_for(milliseconds(40));
        return std::string();
    };
    const Endings end = run.go(2);
    EXPECT_EQ(end.codes.at(1), exit_codes::stopped);
    EXPECT_EQ(end.report().stopped, "--max-time is over");
    const auto frames = fleet.journalled<FrameEvent>().size();
    EXPECT_GT(frames, 0U);
    EXPECT_LT(frames, 18U);
}

// Frames that fail.

TEST(RankLoop, MemoryThatRunsOutOnOneRankIsTriedByAnother) {
    Fleet fleet(2, {6});
    Runner run(fleet);
    run.step = [](int) { return std::string(); };
    // Once for each frame: with two ranks the same one may be the next to take it.
    std::set<int> failed;
    run.steps[1] = [&](int value) -> std::string {
        if (value > 2 && failed.insert(value).second) throw std::bad_alloc();
        return {};
    };
    const Endings end = run.go(2);
    EXPECT_EQ(end.codes.at(0), 0);
    EXPECT_EQ(fleet.cells(), counting(1, 6));
    for (const FailedEvent& event : fleet.journalled<FailedEvent>()) EXPECT_FALSE(event.final);
}

TEST(RankLoop, AFrameThatFailsEverywhereIsLeftEmptyAndNamed) {
    Fleet fleet(2, {4});
    Runner run(fleet);
    std::atomic<int> tries = 0;
    run.step = [&](int value) -> std::string {
        if (value != 3) return {};
        ++tries;
        throw std::bad_alloc();
    };
    const Endings end = run.go(2);
    EXPECT_EQ(end.codes.at(0), exit_codes::partly_done);
    // A rank that has nothing to do may have taken it from one that is at it already.
    EXPECT_GE(tries, 2);
    EXPECT_LE(tries, 4);
    EXPECT_EQ(fleet.cells(), (std::vector<std::uint32_t>{1, 2, 0, 4}));
    const auto lines = fleet.journalled<FailedEvent>();
    EXPECT_EQ(std::ranges::count_if(lines, &FailedEvent::final), 1);
    EXPECT_TRUE(says(end.logs.at(0), "frame 2 is left empty: memory ran out"));
    EXPECT_EQ(end.report().outcomes.at(0).failed_frames, 1);
}

TEST(RankLoop, ASpooledPlaneThatWasDamagedIsDoneAgain) {
    Fleet fleet(2, {6});
    Runner run(fleet);
    std::atomic<bool> spoilt = false;
    std::atomic<int> computed = 0;
    run.step = [&](int) {
        // Once there is a plane of an earlier frame, its first bytes are overwritten.
        if (++computed == 5 && !spoilt.exchange(true)) {
            wait_for_lines(fleet, 1);
            const FrameEvent victim = fleet.journalled<FrameEvent>().front();
            for (const int rank : {0, 1}) {
                std::fstream spool(fleet.spool(rank),
                                   std::ios::in | std::ios::out | std::ios::binary);
                spool.seekp(static_cast<std::streamoff>(victim.offset));
                spool.write("xxxxxxxx", 8);
            }
        }
        return std::string();
    };
    const Endings end = run.go(2);
    EXPECT_EQ(end.codes.at(0), 0);
    EXPECT_TRUE(says(end.logs.at(0), "could not be read back from the run's folder"));
    EXPECT_GT(computed, 6);
    EXPECT_EQ(fleet.cells(), counting(1, 6));
}

TEST(RankLoop, AFullDiskEndsItWithAnErrorThatNamesTheFile) {
    Fleet fleet(1, {4});
    Runner run(fleet);
    run.step = [](int) -> std::string {
        throw Error(ErrorKind::output, "a.journal: cannot be written");
    };
    EXPECT_THROW(run.go(1), Error);
}

}  // namespace
}  // namespace cytofleet
