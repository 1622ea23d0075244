// The rank that leads when others do not answer, and when all write a file together.
#include <algorithm>
#include <thread>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "pipeline/conversation.hpp"
#include "pipeline/lead.hpp"

namespace cytofleet {
namespace {

using test::Conversation;
using test::converse;
using test::Fleet;
using test::FleetRank;
using test::holds;

TEST(Lead, ASilentRankIsLeftBehindAndItsWorkGoesToOthers) {
    Fleet fleet(3, {2});
    fleet.options.silence = 0.4;
    converse(fleet, 3, [&](Conversation& talk) {
        talk.deliver_all(2, 2);
        ASSERT_TRUE(holds(talk.tags_to(2), Tag::assemble));
        talk.pass(0.55, {0, 1});
        EXPECT_TRUE(talk.log_says("rank 2 has not been heard of"));
        EXPECT_FALSE(talk.log_says("rank 1 has not"));
        EXPECT_EQ(holds(talk.tags_to(0), Tag::assemble) + holds(talk.tags_to(1), Tag::assemble), 1);
        talk.assembled(1, talk.assembly(2));
        talk.lead().tick();
        EXPECT_TRUE(holds(talk.tags_to(1), Tag::finish));
        for (const int rank : {0, 1}) talk.say(rank, Tag::bye);
        talk.lead().tick();
        EXPECT_TRUE(talk.lead().over()) << "nobody waits for a rank that is gone";
        const RunReport report = talk.lead().take_report();
        EXPECT_EQ(report.lost, (std::vector<int>{2}));
        EXPECT_EQ(report.exit_code, exit_codes::rank_lost);
    });
}

TEST(Lead, ARankThatComesBackIsWelcomeAndDoesNothingTwice) {
    Fleet fleet(2, {4});
    fleet.options.silence = 0.4;
    converse(fleet, 2, [&](Conversation& talk) {
        ASSERT_TRUE(talk.ask(1));
        talk.pass(0.55, {0});
        EXPECT_TRUE(talk.log_says("rank 1 has not been heard of"));
        talk.told(0);
        std::vector<std::int64_t> given;
        while (const auto unit = talk.ask(0))
            for (std::int64_t t = 0; t < unit->count; ++t) given.push_back(unit->first + t);
        std::ranges::sort(given);
        EXPECT_EQ(given, (std::vector<std::int64_t>{0, 1, 2, 3})) << "all of its frames, too";
        talk.deliver_all(0, 4);
        talk.deliver(1, {talk.record(1, 0)});
        EXPECT_TRUE(talk.log_says("rank 1 is back"));
        EXPECT_EQ(talk.lead().take_report().ranks[1].frames, 0);
        EXPECT_EQ(std::ranges::count(talk.tags_to(0), Tag::assemble), 1);
    });
}

TEST(Lead, AnAssemblyThatTwoRanksHaveDoneCountsOnce) {
    Fleet fleet(2, {1});
    fleet.options.silence = 0.4;
    converse(fleet, 2, [&](Conversation& talk) {
        talk.deliver_all(1, 1);
        talk.pass(0.55, {0});
        talk.assembled(0, talk.assembly(1));
        talk.assembled(1, talk.assembly(1));
        EXPECT_EQ(talk.lead().take_report().outcomes.size(), 1U);
    });
}

TEST(Lead, ADrainDoesNotWaitForASilentRank) {
    Fleet fleet(2, {4});
    fleet.options.silence = 0.4;
    converse(fleet, 2, [&](Conversation& talk) {
        talk.say(0, Tag::stop_wanted, std::string("SIGTERM"));
        talk.say(0, Tag::drained);
        talk.lead().tick();
        EXPECT_FALSE(holds(talk.tags_to(0), Tag::finish));
        talk.pass(0.55, {0});
        EXPECT_TRUE(holds(talk.tags_to(0), Tag::finish));
        talk.say(0, Tag::bye);
        talk.lead().tick();
        EXPECT_TRUE(talk.lead().over());
        const RunReport report = talk.lead().take_report();
        EXPECT_EQ(report.exit_code, exit_codes::stopped);
        EXPECT_EQ(report.lost, (std::vector<int>{1}));
    });
}

TEST(Lead, AGoodbyeThatDoesNotComeIsNotWaitedForLongerThanSilence) {
    Fleet fleet(2, {1});
    fleet.options.silence = 0.4;
    converse(fleet, 2, [&](Conversation& talk) {
        talk.deliver_all(0, 1);
        talk.assembled(0, talk.assembly(1));
        talk.say(0, Tag::bye);
        talk.pass(0.65, {0, 1});  // alive, but never says goodbye
        EXPECT_TRUE(talk.lead().over());
        EXPECT_EQ(talk.lead().take_report().lost, (std::vector<int>{1}));
    });
}

TEST(Lead, GivesSignsOfLifeItself) {
    Fleet fleet(2, {1});
    test::speak_for_all(2, [&](const std::vector<Communicator*>& comms) {
        FleetRank rank(fleet, *comms[0]);
        Lead lead(rank.context(*comms[0]), fleet.master(), {});
        const Timer timer;
        int heard = 0;
        while (timer.seconds() < 2.5 && heard == 0) {
            lead.tick();
            while (const auto message = comms[1]->poll())
                if (Tag{message->tag} == Tag::alive) ++heard;
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        EXPECT_GT(heard, 0);
    });
}

// Files that all ranks write together.

/// One frame done and assembled, in a run whose masks go to HDF5 only.
void bring_to_gather(Conversation& talk) {
    talk.deliver_all(0, 1);
    talk.assembled(0, talk.assembly(1));
    talk.lead().tick();
}

/// With two ranks that both answer.
void begin_to_gather(Conversation& talk) {
    bring_to_gather(talk);
    for (const int rank : {0, 1}) talk.say(rank, Tag::joins);
    talk.lead().tick();
}

TEST(Lead, AFileIsBegunWhenEverybodyHasAnswered) {
    Fleet fleet(3, {1});
    fleet.options.format = OutputFormat::hdf5;
    converse(fleet, 3, [&](Conversation& talk) {
        bring_to_gather(talk);
        for (int rank = 0; rank < 3; ++rank)
            EXPECT_TRUE(holds(talk.tags_to(rank), Tag::can_join)) << rank;
        talk.say(2, Tag::joins);
        talk.say(0, Tag::joins);
        talk.say(2, Tag::joins);
        talk.lead().tick();
        EXPECT_FALSE(holds(talk.tags_to(0), Tag::gather));
        talk.say(1, Tag::joins);
        talk.lead().tick();
        const auto messages = talk.told(2);
        ASSERT_EQ(messages.size(), 1U) << "invited once, begun once";
        const Gather gather = gather_from_bytes(messages[0].body);
        EXPECT_EQ(gather.ranks, (std::vector<int>{0, 1, 2}));
        EXPECT_EQ(gather.path, hdf5_path(fleet.record.jobs[0].stem));
        for (int rank = 0; rank < 3; ++rank) {
            talk.lead().tick();
            EXPECT_FALSE(holds(talk.tags_to(0), Tag::finish)) << rank;
            talk.say(rank, Tag::gathered);
        }
        talk.lead().tick();
        const RunReport report = talk.report_at_end(3);
        EXPECT_EQ(report.exit_code, 0);
        EXPECT_EQ(report.outcomes.size(), 1U);
    });
}

TEST(Lead, ARankThatNeverAnswersAnInvitationIsLeftOut) {
    Fleet fleet(3, {1});
    fleet.options.format = OutputFormat::hdf5;
    fleet.options.silence = 0.4;
    converse(fleet, 3, [&](Conversation& talk) {
        bring_to_gather(talk);
        talk.say(0, Tag::joins);
        talk.say(2, Tag::joins);
        talk.told(0);
        talk.pass(0.55, {0, 2});
        bool begun = false;
        for (const Message& message : talk.told(0)) {
            if (Tag{message.tag} != Tag::gather) continue;
            begun = true;
            EXPECT_EQ(gather_from_bytes(message.body).ranks, (std::vector<int>{0, 2}));
        }
        EXPECT_TRUE(begun);
        EXPECT_FALSE(holds(talk.tags_to(1), Tag::gather));
    });
}

TEST(Lead, AnAnswerOfARankThatFellSilentSinceDoesNotCount) {
    Fleet fleet(3, {1});
    fleet.options.format = OutputFormat::hdf5;
    fleet.options.silence = 0.4;
    converse(fleet, 3, [&](Conversation& talk) {
        bring_to_gather(talk);
        talk.say(1, Tag::joins);  // and then hangs
        talk.pass(0.55, {0, 2});
        talk.say(0, Tag::joins);
        talk.say(2, Tag::joins);
        talk.told(0);
        talk.lead().tick();
        const auto messages = talk.told(0);
        ASSERT_FALSE(messages.empty());
        EXPECT_EQ(gather_from_bytes(messages.back().body).ranks, (std::vector<int>{0, 2}));
    });
}

TEST(Lead, AWriterThatHangsAfterwardsIsNotWaitedFor) {
    Fleet fleet(2, {1});
    fleet.options.format = OutputFormat::hdf5;
    fleet.options.silence = 0.4;
    converse(fleet, 2, [&](Conversation& talk) {
        begin_to_gather(talk);
        talk.say(0, Tag::gathered);
        talk.lead().tick();
        talk.told(0);
        talk.pass(0.55, {0});
        EXPECT_TRUE(holds(talk.tags_to(0), Tag::finish)) << "rank 0 knows that the file is there";
        talk.say(1, Tag::gathered, std::string("too late"));
        EXPECT_EQ(talk.lead().take_report().outcomes.at(0).failure, "");
    });
}

TEST(Lead, AFileThatCouldNotBeWrittenIsTold) {
    Fleet fleet(2, {1});
    fleet.options.format = OutputFormat::hdf5;
    converse(fleet, 2, [&](Conversation& talk) {
        begin_to_gather(talk);
        talk.say(1, Tag::gathered, std::string("the disk is full"));
        talk.say(0, Tag::gathered, std::string("the disk is full"));
        talk.lead().tick();
        EXPECT_TRUE(talk.log_says("error: the disk is full"));
        EXPECT_EQ(talk.lead().take_report().exit_code, exit_codes::failed);
    });
}

TEST(Lead, AStopWaitsForAFileThatIsBeingWritten) {
    Fleet fleet(2, {1});
    fleet.options.format = OutputFormat::hdf5;
    converse(fleet, 2, [&](Conversation& talk) {
        begin_to_gather(talk);
        talk.lead().stop("SIGTERM", exit_codes::stopped);
        for (const int rank : {0, 1}) talk.say(rank, Tag::drained);
        talk.lead().tick();
        EXPECT_FALSE(holds(talk.tags_to(0), Tag::finish));
        for (const int rank : {0, 1}) talk.say(rank, Tag::gathered);
        talk.lead().tick();
        EXPECT_TRUE(holds(talk.tags_to(0), Tag::finish));
    });
}

TEST(Lead, AnInputThatIsGoneFailsItsFileOnly) {
    Fleet fleet(2, {1, 1});
    fleet.options.format = OutputFormat::hdf5;
    converse(fleet, 2, [&](Conversation& talk) {
        talk.deliver_all(0, 1, 1);
        talk.assembled(0, talk.assembly(1, 1));
        std::filesystem::remove(fleet.record.files[1]);
        talk.lead().tick();
        for (const int rank : {0, 1}) talk.say(rank, Tag::joins);
        talk.lead().tick();
        EXPECT_FALSE(holds(talk.tags_to(0), Tag::gather));
        EXPECT_TRUE(talk.log_says("movie1.tif"));
        talk.deliver_all(0, 1, 0);
        talk.assembled(0, talk.assembly(1, 0));
        talk.lead().tick();
        EXPECT_TRUE(holds(talk.tags_to(0), Tag::can_join)) << "the next file is written";
    });
}

TEST(Lead, OfACollectionThatCannotBeMadeTheUserHears) {
    Fleet fleet(1, {1});
    converse(fleet, 1, [&](Conversation& talk) {
        int asked = 0;
        talk.lead().collect_with([&]() -> std::optional<Gather> {
            ++asked;
            throw Error(ErrorKind::output, "all.h5: cannot be made");
        });
        talk.deliver_all(0, 1);
        talk.lead().tick();
        EXPECT_EQ(asked, 0) << "not before the last output";
        talk.assembled(0, talk.assembly(1));
        talk.lead().tick();
        EXPECT_EQ(asked, 1);
        EXPECT_TRUE(talk.log_says("all.h5: cannot be made"));
        EXPECT_EQ(talk.lead().take_report().exit_code, exit_codes::partly_done);
    });
}

}  // namespace
}  // namespace cytofleet
