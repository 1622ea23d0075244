// Whole ranks, as threads: who does what, who leads, and how a run ends, whatever becomes of them.
#include "pipeline/rank_loop.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fstream>
#include <map>
#include <new>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "pipeline/fleet.hpp"
#include "pipeline/messages.hpp"

namespace cytofleet {
namespace {

using std::chrono::milliseconds;
using test::CountingModel;
using test::Fleet;
using test::FleetRank;
using test::Gate;

/// How the ranks of a run ended.
struct Endings {
    std::map<int, int> codes;  ///< of the ranks that ended in order
    std::map<int, RunReport> reports;
    std::map<int, std::string> logs;
    const RunReport& report() const { return reports.begin()->second; }
};

/// What a rank does: its part, or whatever a test wants in its place.
class Runner {
  public:
    explicit Runner(Fleet& fleet) : fleet_(fleet) {}

    CountingModel::Step step;                       ///< of all ranks' models
    std::map<int, CountingModel::Step> steps;       ///< of one rank's
    std::map<int, std::function<void()>> late;      ///< before a rank's loop begins
    std::set<int> absent;                           ///< ranks that say and hear nothing
    std::map<int, const std::atomic<int>*> signal;  ///< by rank
    Partition partition = Partition::frames;

    Endings go(int ranks) {
        Endings out;
        std::mutex mutex;
        std::vector<std::unique_ptr<FleetRank>> alive(static_cast<std::size_t>(ranks));
        run_thread_team(ranks, [&](Communicator& comm) {
            const int rank = comm.rank();
            const auto own = steps.find(rank);
            auto& part = alive[static_cast<std::size_t>(rank)];
            part =
                std::make_unique<FleetRank>(fleet_, comm, own == steps.end() ? step : own->second);
            if (signal.contains(rank)) part->options.stop_signal = signal.at(rank);
            const RankContext context = part->context(comm);
            std::unique_ptr<Lead> lead;
            if (rank == 0)
                lead = std::make_unique<Lead>(context, fleet_.master(partition),
                                              std::vector<FrameRecord>());
            comm.barrier();
            if (absent.contains(rank)) return;
            if (late.contains(rank)) late.at(rank)();
            auto ending = RankLoop(context, std::move(lead), [&] {
                              return test::lead_by_journals(context);
                          }).go();
            const std::lock_guard lock(mutex);
            out.codes[rank] = ending.exit_code;
            if (ending.report) out.reports[rank] = std::move(*ending.report);
        });
        for (int rank = 0; rank < ranks; ++rank)
            out.logs[rank] = alive[static_cast<std::size_t>(rank)]->told.text();
        return out;
    }

  private:
    Fleet& fleet_;
};

bool says(const std::string& log, const std::string& what) {
    return log.find(what) != std::string::npos;
}

std::vector<std::uint32_t> counting(std::uint32_t first, std::uint32_t frames) {
    std::vector<std::uint32_t> out;
    for (std::uint32_t t = 0; t < frames; ++t) out.push_back(first + t);
    return out;
}

/// Waits until so many frames have their lines, in all journals.
void wait_for_lines(const Fleet& fleet, std::size_t frames) {
    while (fleet.journalled<FrameEvent>().size() < frames)
        std::this_thread::sleep_for(milliseconds(2));
}

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
    run.steps[1] = [](int value) -> std::string {
        if (value > 2) throw std::bad_alloc();
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

// Ranks that do not answer.

TEST(RankLoop, ARankThatNeverComesIsLeftBehind) {
    Fleet fleet(3, {9});
    fleet.options.silence = 0.4;
    Runner run(fleet);
    run.absent = {2};
    const Endings end = run.go(3);
    EXPECT_EQ(end.codes.at(1), 0) << "everybody is told that all is done";
    EXPECT_EQ(end.report().exit_code, exit_codes::rank_lost);
    EXPECT_EQ(end.report().lost, (std::vector<int>{2}));
    EXPECT_EQ(fleet.cells(), counting(1, 9));
}

TEST(RankLoop, ARankThatComesLateJoinsIn) {
    Fleet fleet(2, {8});
    fleet.options.silence = 0.2;
    Runner run(fleet);
    run.step = [](int) {
        std::this_thread::sleep_for(milliseconds(120));
        return std::string();
    };
    run.late[1] = [] { std::this_thread::sleep_for(milliseconds(400)); };
    const Endings end = run.go(2);
    EXPECT_EQ(end.codes.at(1), 0);
    EXPECT_TRUE(end.report().lost.empty());
    EXPECT_TRUE(says(end.logs.at(0), "rank 1 has not been heard of"));
    EXPECT_TRUE(says(end.logs.at(0), "rank 1 is back"));
    EXPECT_EQ(fleet.cells(), counting(1, 8));
}

TEST(RankLoop, TheNextRankTakesALeadThatNobodyHas) {
    Fleet fleet(3, {9, 2});
    fleet.options.silence = 0.4;
    Runner run(fleet);
    run.absent = {0};
    const Endings end = run.go(3);
    ASSERT_EQ(end.reports.size(), 1U);
    EXPECT_TRUE(end.reports.contains(1)) << "rank 2 waits longer";
    EXPECT_EQ(end.codes.at(2), 0);
    EXPECT_EQ(end.report().lost, (std::vector<int>{0}));
    EXPECT_EQ(end.report().exit_code, exit_codes::rank_lost);
    EXPECT_TRUE(says(end.logs.at(1), "rank 1 leads now"));
    EXPECT_EQ(fleet.cells(0), counting(1, 9));
    EXPECT_EQ(fleet.cells(1), counting(Fleet::first_value(1), 2));
}

TEST(RankLoop, OfTwoLeadsTheOlderGivesWay) {
    Fleet fleet(2, {6});
    fleet.options.silence = 0.3;
    Runner run(fleet);
    run.step = [](int) {
        std::this_thread::sleep_for(milliseconds(100));
        return std::string();
    };
    // Rank 0 hangs until it has been left behind; then it still thinks that it leads.
    run.late[0] = [] { std::this_thread::sleep_for(milliseconds(700)); };
    const Endings end = run.go(2);
    ASSERT_EQ(end.reports.size(), 1U);
    EXPECT_TRUE(end.reports.contains(1));
    EXPECT_EQ(end.codes.at(0), end.codes.at(1)) << "it follows, and ends with the others";
    EXPECT_TRUE(end.report().lost.empty());
    EXPECT_EQ(fleet.cells(), counting(1, 6));
}

TEST(RankLoop, OfTwoLeadsOfOneTermTheLowerRankStays) {
    Fleet fleet(3, {4});
    std::atomic<int> made = 0;
    test::speak_for_all(3, [&](const std::vector<Communicator*>& comms) {
        FleetRank rank(fleet, *comms[2]);
        const RankContext context = rank.context(*comms[2]);
        std::thread follower([&] {
            RankLoop(context, nullptr, [&] {
                ++made;
                return test::lead_by_journals(context);
            }).go();
        });
        const auto lead = [&](int from, std::int64_t term) {
            comms[static_cast<std::size_t>(from)]->send(2, static_cast<int>(Tag::lead),
                                                        number_to_bytes(term));
            std::this_thread::sleep_for(milliseconds(60));
        };
        // Whom it asks for work tells whom it follows.
        const auto asks = [&](int rank_asked) {
            int out = 0;
            while (const auto message = comms[static_cast<std::size_t>(rank_asked)]->poll())
                out += Tag{message->tag} == Tag::ask ? 1 : 0;
            return out;
        };
        std::this_thread::sleep_for(milliseconds(60));
        EXPECT_EQ(asks(0), 2) << "one unit to be at, one to read ahead";
        lead(1, 1);
        EXPECT_EQ(asks(1), 2);
        lead(0, 1);
        EXPECT_EQ(asks(0), 2) << "of the same term the lower rank leads";
        lead(1, 1);
        EXPECT_EQ(asks(1), 0);
        lead(0, 0);
        EXPECT_EQ(asks(0), 0) << "an older term";
        comms[1]->send(2, static_cast<int>(Tag::finish), number_to_bytes(3));
        comms[0]->send(2, static_cast<int>(Tag::finish), number_to_bytes(0));
        comms[0]->send(2, static_cast<int>(Tag::leave), {});
        follower.join();
    });
    EXPECT_EQ(made, 0);
    EXPECT_EQ(fleet.journalled<EndEvent>(), (std::vector<EndEvent>{{0}}))
        << "only the leader says how it ends";
}

TEST(RankLoop, AStopIsNotLostWithTheLeaderThatWasToldOfIt) {
    Fleet fleet(2, {12});
    fleet.options.silence = 0.3;
    Runner run(fleet);
    run.absent = {0};
    std::atomic<int> signal = SIGTERM;  // before rank 0 is missed
    run.signal[1] = &signal;
    const Endings end = run.go(2);
    EXPECT_EQ(end.codes.at(1), exit_codes::stopped);
    EXPECT_EQ(end.report().stopped, "SIGTERM");
    EXPECT_TRUE(fleet.journalled<FrameEvent>().empty());
}

TEST(RankLoop, ANewLeadDoesNotDoAgainWhatIsWrittenDown) {
    Fleet fleet(2, {10});
    fleet.options.silence = 0.3;
    std::mutex mutex;
    std::multiset<int> computed;
    test::speak_for_all(2, [&](const std::vector<Communicator*>& comms) {
        FleetRank rank(fleet, *comms[1], [&](int value) {
            const std::lock_guard lock(mutex);
            computed.insert(value);
            return std::string();
        });
        const RankContext context = rank.context(*comms[1]);
        // The test leads, gives one unit, and is not heard of again.
        comms[0]->send(1, static_cast<int>(Tag::unit), to_bytes(Unit{0, 0, 0, 4}));
        const auto end =
            RankLoop(context, nullptr, [&] { return test::lead_by_journals(context); }).go();
        ASSERT_TRUE(end.report);
        EXPECT_EQ(end.report->exit_code, exit_codes::rank_lost);
    });
    EXPECT_EQ(computed.size(), 10U);
    EXPECT_EQ(std::set<int>(computed.begin(), computed.end()).size(), 10U);
    EXPECT_EQ(fleet.cells(), counting(1, 10));
}

TEST(RankLoop, OrdersOfARankThatDoesNotLeadAreNotFollowed) {
    Fleet fleet(3, {4});
    test::speak_for_all(3, [&](const std::vector<Communicator*>& comms) {
        FleetRank rank(fleet, *comms[1]);
        const RankContext context = rank.context(*comms[1]);
        std::thread follower(
            [&] { EXPECT_EQ(RankLoop(context, nullptr, nullptr).go().exit_code, 0); });
        comms[2]->send(1, static_cast<int>(Tag::unit), to_bytes(Unit{0, 0, 0, 4}));
        comms[2]->send(1, static_cast<int>(Tag::finish), number_to_bytes(9));
        comms[2]->send(1, static_cast<int>(Tag::leave), {});
        std::this_thread::sleep_for(milliseconds(100));
        comms[0]->send(1, static_cast<int>(Tag::leave), {});  // nothing was finished
        std::this_thread::sleep_for(milliseconds(50));
        comms[0]->send(1, static_cast<int>(Tag::finish), number_to_bytes(0));
        comms[0]->send(1, static_cast<int>(Tag::leave), {});
        follower.join();
    });
    EXPECT_TRUE(fleet.journalled<FrameEvent>().empty());
    EXPECT_EQ(fleet.journalled<EndEvent>(), (std::vector<EndEvent>{{0}}));
}

TEST(RankLoop, WhoeverIsRevokedAUnitSaysThatItHasEnded) {
    Fleet fleet(2, {8});
    test::speak_for_all(2, [&](const std::vector<Communicator*>& comms) {
        Gate gate;
        FleetRank rank(fleet, *comms[1], [&](int) {
            gate.pass();
            return std::string();
        });
        const RankContext context = rank.context(*comms[1]);
        std::thread follower([&] { RankLoop(context, nullptr, nullptr).go(); });
        comms[0]->send(1, static_cast<int>(Tag::unit), to_bytes(Unit{0, 0, 0, 8}));
        gate.wait_for(1);
        comms[0]->send(1, static_cast<int>(Tag::revoke), to_bytes(Unit{0, 0, 1, 7}));
        std::this_thread::sleep_for(milliseconds(60));
        gate.open();
        int asks = 0;
        std::vector<std::int64_t> done;
        const Timer timer;
        while (asks < 3 && timer.seconds() < 5) {
            const auto message = comms[0]->poll();
            if (!message) continue;
            if (Tag{message->tag} == Tag::ask) ++asks;
            if (Tag{message->tag} == Tag::done)
                for (const FrameRecord& record : records_from_bytes(message->body))
                    done.push_back(record.frame.t);
        }
        EXPECT_EQ(asks, 3) << "two at first, one more for the unit that has ended";
        EXPECT_EQ(done, (std::vector<std::int64_t>{0}));
        comms[0]->send(1, static_cast<int>(Tag::finish), number_to_bytes(0));
        comms[0]->send(1, static_cast<int>(Tag::leave), {});
        follower.join();
    });
}

TEST(RankLoop, ANoteThatCannotBeUnderstoodIsAnErrorNotACrash) {
    Fleet fleet(2, {4});
    for (const Tag tag :
         {Tag::unit, Tag::revoke, Tag::assemble, Tag::finish, Tag::lead, Tag::gather})
        test::speak_for_all(2, [&](const std::vector<Communicator*>& comms) {
            fleet.record.attempt = attempt_name();
            fleet.record.spools = {spool_name(fleet.record.attempt, 0),
                                   spool_name(fleet.record.attempt, 1)};
            FleetRank rank(fleet, *comms[1]);
            const RankContext context = rank.context(*comms[1]);
            comms[0]->send(1, static_cast<int>(tag), text_to_bytes("abc"));
            EXPECT_THROW(RankLoop(context, nullptr, nullptr).go(), Error) << static_cast<int>(tag);
        });
}

}  // namespace
}  // namespace cytofleet
