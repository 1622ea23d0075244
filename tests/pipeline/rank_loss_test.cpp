// Whole ranks, as threads, some of which hang or never come: who leads, and what is done again.
#include <atomic>
#include <csignal>
#include <mutex>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "pipeline/messages.hpp"
#include "pipeline/rank_loop.hpp"
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
