// The rank that leads, as the others meet it: what it hands out, and how a run ends.
#include "pipeline/lead.hpp"

#include <algorithm>
#include <thread>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "pipeline/conversation.hpp"

namespace cytofleet {
namespace {

using test::Conversation;
using test::converse;
using test::Fleet;
using test::FleetRank;
using test::holds;

TEST(Lead, HandsOutEveryFrameOnce) {
    Fleet fleet(2, {9});
    converse(fleet, 2, [&](Conversation& talk) {
        std::vector<std::int64_t> given;
        for (int i = 0; i < 30; ++i)
            if (const auto unit = talk.ask(i % 2))
                for (std::int64_t t = 0; t < unit->count; ++t) given.push_back(unit->first + t);
        std::ranges::sort(given);
        EXPECT_EQ(given, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8}));
    });
}

TEST(Lead, WhoBringsTheLastFrameAssembles) {
    Fleet fleet(2, {2});
    converse(fleet, 2, [&](Conversation& talk) {
        talk.deliver(1, {talk.record(1, 1)});
        EXPECT_FALSE(holds(talk.tags_to(1), Tag::assemble));
        talk.deliver(1, {talk.record(1, 0)});
        const auto messages = talk.told(1);
        ASSERT_EQ(messages.size(), 1U);
        ASSERT_EQ(Tag{messages[0].tag}, Tag::assemble);
        const auto records = records_from_bytes(messages[0].body);
        ASSERT_EQ(records.size(), 2U);
        EXPECT_EQ(records[0].frame.t, 0);
        EXPECT_EQ(records[1].frame.t, 1);
        EXPECT_TRUE(talk.tags_to(0).empty());
    });
}

TEST(Lead, TheSameFrameFromTwoRanksCountsOnce) {
    Fleet fleet(2, {2});
    converse(fleet, 2, [&](Conversation& talk) {
        talk.deliver(0, {talk.record(0, 0)});
        talk.deliver(1, {talk.record(1, 0), talk.record(1, 1)});
        const auto messages = talk.told(1);
        ASSERT_EQ(messages.size(), 1U);
        EXPECT_EQ(records_from_bytes(messages[0].body)[0].rank, 0) << "the first one wins";
        talk.deliver(0, {talk.record(0, 1)});  // after the scene was complete
        EXPECT_TRUE(talk.tags_to(0).empty());
        const RunReport report = talk.lead().take_report();
        EXPECT_EQ(report.ranks[0].frames, 1);
        EXPECT_EQ(report.ranks[1].frames, 1);
    });
}

TEST(Lead, TheCounterMovesWithEveryFrameOfAUnit) {
    Fleet fleet(1, {4});
    test::speak_for_all(1, [&](const std::vector<Communicator*>& comms) {
        FleetRank rank(fleet, *comms[0], {}, true);
        Lead lead(rank.context(*comms[0]), fleet.master(), {});
        lead.handle({0, static_cast<int>(Tag::ask), {}});
        lead.tick();
        for (std::int64_t t = 0; t < 3; ++t) {
            const auto body = to_bytes(std::vector{Conversation::record(0, t)});
            lead.handle({0, static_cast<int>(Tag::done), body});
            // A terminal's line is drawn twice a second.
            std::this_thread::sleep_for(std::chrono::milliseconds(510));
            lead.tick();
        }
        for (const char* line : {"1/4 frames", "2/4 frames", "3/4 frames"})
            EXPECT_TRUE(rank.told.says(line)) << line;
        EXPECT_FALSE(rank.told.says("4/4 frames"));
    });
}

TEST(Lead, AFrameThatFailsIsTriedByAnotherRankThenGivenUp) {
    Fleet fleet(2, {1});
    converse(fleet, 2, [&](Conversation& talk) {
        ASSERT_TRUE(talk.ask(0));
        talk.deliver(0, {talk.failure(0, 0)});
        EXPECT_TRUE(talk.log_says("it is tried once more"));
        EXPECT_FALSE(talk.ask(0)) << "not by the same rank while there is another";
        const auto again = talk.ask(1);
        ASSERT_TRUE(again);
        EXPECT_EQ(*again, (Unit{0, 0, 0, 1}));
        EXPECT_TRUE(fleet.journalled<FailedEvent>().empty());
        talk.deliver(1, {talk.failure(1, 0)});
        EXPECT_TRUE(talk.log_says("is left empty: broke"));
        const auto lines = fleet.journalled<FailedEvent>();
        ASSERT_EQ(lines.size(), 1U);
        EXPECT_TRUE(lines[0].final);
        EXPECT_EQ(lines[0].reason, "broke");
        const auto messages = talk.told(1);
        ASSERT_EQ(messages.size(), 1U);
        EXPECT_EQ(records_from_bytes(messages[0].body)[0].state, FrameState::quarantined);
        Assembly done = talk.assembly(1);
        done.outcome.failed_frames = 1;
        talk.assembled(1, done);
        talk.lead().tick();
        EXPECT_EQ(talk.lead().take_report().exit_code, exit_codes::partly_done);
    });
}

TEST(Lead, WhoeverWaitsGetsTheFrameThatFailedElsewhere) {
    Fleet fleet(2, {1});
    converse(fleet, 2, [&](Conversation& talk) {
        ASSERT_TRUE(talk.ask(0));
        EXPECT_FALSE(talk.ask(1));
        talk.deliver(0, {talk.failure(0, 0)});
        talk.lead().tick();
        EXPECT_TRUE(holds(talk.tags_to(1), Tag::unit));
        EXPECT_FALSE(holds(talk.tags_to(0), Tag::unit));
    });
}

TEST(Lead, FramesOfAnInputThatIsGoneAreNotCondemned) {
    Fleet fleet(1, {1});
    converse(fleet, 1, [&](Conversation& talk) {
        std::filesystem::remove(fleet.record.files[0]);
        talk.deliver(0, {talk.failure(0, 0)});
        talk.deliver(0, {talk.failure(0, 0)});
        EXPECT_TRUE(talk.log_says("is left empty"));
        EXPECT_TRUE(fleet.journalled<FailedEvent>().empty()) << "it may come back";
    });
}

TEST(Lead, FramesThatAreNotInTheFileAreNoFailures) {
    Fleet fleet(1, {2});
    converse(fleet, 1, [&](Conversation& talk) {
        talk.deliver(0, {talk.record(0, 0), talk.failure(0, 1, FrameState::missing)});
        EXPECT_FALSE(talk.log_says("is left empty"));
        EXPECT_TRUE(holds(talk.tags_to(0), Tag::assemble));
        talk.assembled(0, talk.assembly(2));
        talk.lead().tick();
        EXPECT_EQ(talk.report_at_end(1).exit_code, 0);
    });
}

TEST(Lead, FailFastStopsAtTheFirstFrameThatIsGivenUp) {
    Fleet fleet(1, {3});
    fleet.options.fail_fast = true;
    converse(fleet, 1, [&](Conversation& talk) {
        talk.deliver(0, {talk.failure(0, 1)});
        EXPECT_FALSE(holds(talk.tags_to(0), Tag::drain)) << "once it is tried again";
        talk.deliver(0, {talk.failure(0, 1)});
        EXPECT_TRUE(holds(talk.tags_to(0), Tag::drain));
        talk.say(0, Tag::drained);
        talk.lead().tick();
        const RunReport report = talk.lead().take_report();
        EXPECT_EQ(report.exit_code, exit_codes::failed);
        EXPECT_NE(report.stopped.find("frame 1 could not be segmented (--fail-fast)"),
                  std::string::npos);
    });
}

TEST(Lead, NotesOfRanksReachTheUserWithTheirNumber) {
    Fleet fleet(2, {1});
    converse(fleet, 2, [&](Conversation& talk) {
        talk.say(1, Tag::note, std::string("GPU memory ran out"));
        EXPECT_TRUE(talk.log_says("rank 1: GPU memory ran out"));
    });
    Fleet single(1, {1});
    converse(single, 1, [&](Conversation& talk) {
        talk.say(0, Tag::note, std::string("GPU memory ran out"));
        EXPECT_TRUE(talk.log_says("warning: GPU memory ran out"));
    });
}

TEST(Lead, WarningsOfFramesNameThem) {
    Fleet fleet(1, {2});
    converse(fleet, 1, [&](Conversation& talk) {
        FrameRecord record = talk.record(0, 1);
        record.notes = {"has NaN pixels"};
        talk.deliver(0, {record});
        EXPECT_TRUE(talk.log_says("movie0.tif frame 1 has NaN pixels"));
    });
}

// Ends.

TEST(Lead, EndsInSteps) {
    Fleet fleet(2, {1});
    converse(fleet, 2, [&](Conversation& talk) {
        talk.deliver(1, {talk.record(1, 0)});
        talk.lead().tick();
        EXPECT_FALSE(holds(talk.tags_to(1), Tag::finish)) << "the mask is not there yet";
        talk.assembled(1, talk.assembly(1));
        talk.lead().tick();
        const auto messages = talk.told(1);
        ASSERT_EQ(messages.size(), 1U);
        EXPECT_EQ(Tag{messages[0].tag}, Tag::finish);
        EXPECT_EQ(number_from_bytes(messages[0].body), 0);
        talk.say(1, Tag::bye);
        talk.lead().tick();
        EXPECT_FALSE(talk.lead().over());
        talk.say(0, Tag::bye);
        talk.lead().tick();
        EXPECT_TRUE(talk.lead().over());
        EXPECT_TRUE(holds(talk.tags_to(1), Tag::leave));
        const RunReport report = talk.lead().take_report();
        EXPECT_EQ(report.exit_code, 0);
        EXPECT_TRUE(report.lost.empty());
        EXPECT_EQ(report.outcomes.size(), 1U);
        EXPECT_EQ(report.ranks[1].outputs, 1);
    });
}

TEST(Lead, AStopDrainsEverybodyThenParts) {
    Fleet fleet(3, {6});
    converse(fleet, 3, [&](Conversation& talk) {
        ASSERT_TRUE(talk.ask(1));
        talk.say(2, Tag::stop_wanted, std::string("SIGTERM"));
        talk.say(1, Tag::stop_wanted, std::string("SIGUSR1"));  // the same signal to all ranks
        for (int rank = 0; rank < 3; ++rank)
            EXPECT_EQ(talk.tags_to(rank), (std::vector<Tag>{Tag::drain})) << rank;
        EXPECT_TRUE(talk.log_says("stopping: SIGTERM"));
        EXPECT_FALSE(talk.log_says("SIGUSR1"));
        EXPECT_FALSE(talk.ask(1)) << "nothing is handed out any more";
        talk.deliver(1, {talk.record(1, 0)});  // the frame in hand still counts
        talk.say(0, Tag::drained);
        talk.say(2, Tag::drained);
        talk.lead().tick();
        EXPECT_FALSE(holds(talk.tags_to(0), Tag::finish)) << "rank 1 has a frame in hand";
        talk.say(1, Tag::drained);
        talk.lead().tick();
        const auto messages = talk.told(1);
        ASSERT_EQ(messages.size(), 1U);
        EXPECT_EQ(number_from_bytes(messages[0].body), exit_codes::stopped);
        const RunReport report = talk.lead().take_report();
        EXPECT_EQ(report.exit_code, exit_codes::stopped);
        EXPECT_EQ(report.stopped, "SIGTERM");
        EXPECT_EQ(report.ranks[1].frames, 1);
    });
}

TEST(Lead, AStopInTheMidstOfAnEndComesTooLate) {
    Fleet fleet(1, {1});
    converse(fleet, 1, [&](Conversation& talk) {
        talk.deliver(0, {talk.record(0, 0)});
        talk.assembled(0, talk.assembly(1));
        talk.lead().tick();
        talk.say(0, Tag::stop_wanted, std::string("SIGTERM"));
        EXPECT_FALSE(holds(talk.tags_to(0), Tag::drain));
        EXPECT_EQ(talk.report_at_end(1).exit_code, 0);
    });
}

TEST(Lead, AnAssemblyThatAStopAbandonedIsNoOutcome) {
    Fleet fleet(1, {1});
    converse(fleet, 1, [&](Conversation& talk) {
        talk.deliver(0, {talk.record(0, 0)});
        talk.lead().stop("Ctrl-C", exit_codes::stopped);
        EXPECT_TRUE(talk.log_says("a second Ctrl-C ends at once"));
        Assembly abandoned = talk.assembly(1);
        abandoned.abandoned = true;
        talk.assembled(0, abandoned);
        EXPECT_TRUE(talk.lead().take_report().outcomes.empty());
    });
}

TEST(Lead, WithoutAnyMaskARunHasFailed) {
    Fleet fleet(1, {1});
    converse(fleet, 1, [&](Conversation& talk) {
        talk.deliver(0, {talk.record(0, 0)});
        Assembly failed = talk.assembly(1);
        failed.outcome.failure = "the disk is full";
        talk.assembled(0, failed);
        EXPECT_TRUE(talk.log_says("error: the disk is full"));
        talk.lead().tick();
        EXPECT_EQ(talk.lead().take_report().exit_code, exit_codes::failed);
    });
}

TEST(Lead, WithOneMaskOfTwoARunIsPartlyDone) {
    Fleet fleet(1, {1, 1});
    converse(fleet, 1, [&](Conversation& talk) {
        talk.deliver_all(0, 1, 0);
        talk.deliver_all(0, 1, 1);
        Assembly failed = talk.assembly(1, 1);
        failed.outcome.failure = "the disk is full";
        talk.assembled(0, failed);
        talk.assembled(0, talk.assembly(1, 0));
        talk.lead().tick();
        const RunReport report = talk.lead().take_report();
        EXPECT_EQ(report.exit_code, exit_codes::partly_done);
        ASSERT_EQ(report.outcomes.size(), 2U);
        EXPECT_EQ(report.outcomes[0].job.file, 0) << "in the order of the jobs";
    });
}

TEST(Lead, WhatEarlierAttemptsHaveDoneIsAssembledFirst) {
    Fleet fleet(2, {1, 1, 1});
    std::vector<FrameRecord> records;
    for (std::int64_t file = 0; file < 3; ++file)
        records.push_back(Conversation::record(0, 0, file));
    converse(
        fleet, 2,
        [&](Conversation& talk) {
            EXPECT_EQ(talk.tags_to(0), (std::vector<Tag>{Tag::assemble, Tag::assemble}));
            EXPECT_EQ(talk.tags_to(1), (std::vector<Tag>{Tag::assemble})) << "they share it";
            EXPECT_FALSE(talk.ask(0));
            for (std::int64_t file = 0; file < 3; ++file) talk.assembled(0, talk.assembly(1, file));
            talk.lead().tick();
            EXPECT_TRUE(holds(talk.tags_to(1), Tag::finish));
            EXPECT_EQ(talk.lead().take_report().ranks[0].frames, 0);
        },
        records);
}

TEST(Lead, AnOutputThatStoodBeforeItTookTheLeadCounts) {
    Fleet fleet(1, {1, 1});
    converse(fleet, 1, [&](Conversation& talk) {
        talk.lead().know(talk.assembly(1, 1).outcome);
        Assembly failed = talk.assembly(1, 0);
        failed.outcome.failure = "no";
        talk.deliver_all(0, 1, 0);
        talk.deliver_all(0, 1, 1);
        talk.assembled(0, failed);
        talk.assembled(0, talk.assembly(1, 1));
        talk.lead().tick();
        EXPECT_EQ(talk.lead().take_report().exit_code, exit_codes::partly_done);
    });
}

// Planes that cannot be read back.

TEST(Lead, FramesThatCannotBeReadBackAreDoneAgain) {
    Fleet fleet(2, {3});
    converse(fleet, 2, [&](Conversation& talk) {
        while (talk.ask(0)) continue;
        talk.deliver_all(0, 3);
        const auto records = records_from_bytes(talk.told(0).back().body);
        Assembly lost = talk.assembly(3);
        lost.lost = {1};
        lost.records = records;
        talk.assembled(0, lost);
        EXPECT_TRUE(
            talk.log_says("1 frame could not be read back from the run's folder and is "
                          "done again"));
        const auto again = talk.ask(1);
        ASSERT_TRUE(again);
        EXPECT_EQ(*again, (Unit{0, 0, 1, 1}));
        talk.deliver(1, {talk.record(1, 1)});
        const auto messages = talk.told(1);
        ASSERT_EQ(messages.size(), 1U);
        const auto mended = records_from_bytes(messages[0].body);
        EXPECT_EQ(mended[0].spool, 0);
        EXPECT_EQ(mended[1].spool, 1);
    });
}

TEST(Lead, AFolderThatLosesPlanesAgainAndAgainIsGivenUp) {
    Fleet fleet(1, {1});
    converse(fleet, 1, [&](Conversation& talk) {
        int reopened = 0;
        for (int i = 0; i < 10; ++i) {
            talk.deliver(0, {talk.record(0, 0)});
            const auto messages = talk.told(0);
            if (messages.empty()) break;
            Assembly lost = talk.assembly(1);
            lost.lost = {0};
            lost.records = records_from_bytes(messages.back().body);
            talk.assembled(0, lost);
            ++reopened;
        }
        EXPECT_EQ(reopened, 4);
        EXPECT_TRUE(talk.log_says("is it shared by all ranks"));
        talk.lead().tick();
        EXPECT_EQ(talk.lead().take_report().exit_code, exit_codes::failed);
    });
}

}  // namespace
}  // namespace cytofleet
