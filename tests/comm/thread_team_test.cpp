// The same conversations alone and between threads, and what a failing rank does to the others.
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "comm/communicator.hpp"
#include "comm/conversations.hpp"

namespace cytofleet {
namespace {

class ThreadTeam : public testing::TestWithParam<int> {};

TEST_P(ThreadTeam, CarriesAllConversations) {
    EXPECT_NO_THROW(run_thread_team(GetParam(), test::all_to_all));
    EXPECT_NO_THROW(run_thread_team(GetParam(), test::big_messages_in_a_ring));
    EXPECT_NO_THROW(run_thread_team(GetParam(), test::broadcasts));
    EXPECT_NO_THROW(run_thread_team(GetParam(), test::barriers));
    EXPECT_NO_THROW(run_thread_team(GetParam(), test::served_by_rank_0));
    EXPECT_NO_THROW(run_thread_team(GetParam(), test::places));
}

TEST_P(ThreadTeam, RunsEveryRankOnce) {
    std::atomic<int> sum = 0;
    run_thread_team(GetParam(), [&](Communicator& comm) {
        EXPECT_EQ(comm.size(), GetParam());
        sum += 1 << comm.rank();
    });
    EXPECT_EQ(sum, (1 << GetParam()) - 1);
}

TEST_P(ThreadTeam, NobodyLeavesABarrierBeforeAllHaveCome) {
    std::atomic<int> come = 0;
    run_thread_team(GetParam(), [&](Communicator& comm) {
        for (int round = 1; round <= 200; ++round) {
            ++come;
            comm.barrier();
            EXPECT_GE(come, round * comm.size());
            comm.barrier();
        }
    });
}

TEST_P(ThreadTeam, TheFirstFailureEndsAllAndIsRethrown) {
    const auto fails_while = [&](const auto& others_do) {
        run_thread_team(GetParam(), [&](Communicator& comm) {
            if (comm.rank() != comm.size() - 1) return others_do(comm);
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
            throw Error(ErrorKind::input, "rank failed");
        });
    };
    EXPECT_THROW(fails_while([](Communicator& comm) { comm.barrier(); }), Error);
    EXPECT_THROW(fails_while([](Communicator& comm) {
                     while (!comm.poll()) std::this_thread::yield();
                 }),
                 Error);
    EXPECT_THROW(fails_while([](Communicator& comm) {
                     std::vector<std::byte> body;
                     comm.broadcast(body, comm.size() - 1);
                 }),
                 Error);
}

INSTANTIATE_TEST_SUITE_P(Sizes, ThreadTeam, testing::Values(1, 2, 3, 5));

TEST(ThreadTeamMessages, GoToRanksOfTheTeamOnly) {
    EXPECT_THROW(run_thread_team(2, [](Communicator& comm) { comm.send(2, 0, {}); }),
                 InternalError);
    EXPECT_THROW(run_thread_team(2, [](Communicator& comm) { comm.send(-1, 0, {}); }),
                 InternalError);
}

TEST(Solo, CarriesAllConversations) {
    const auto solo = make_solo();
    for (const auto conversation :
         {test::all_to_all, test::big_messages_in_a_ring, test::broadcasts, test::barriers,
          test::served_by_rank_0, test::places})
        EXPECT_NO_THROW(conversation(*solo));
    EXPECT_EQ(solo->size(), 1);
    EXPECT_EQ(solo->rank(), 0);
    EXPECT_THROW(solo->send(1, 0, {}), InternalError);
}

}  // namespace
}  // namespace cytofleet
