// One rank's own work: what is read, what goes into the model, what comes out, and when it stops.
#include "pipeline/worker.hpp"

#include <algorithm>
#include <new>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "pipeline/fleet.hpp"
#include "pipeline/scribe.hpp"

namespace cytofleet {
namespace {

using test::CountingModel;
using test::Fleet;
using test::FleetRank;
using test::Gate;

/// A worker of a run with one file of ten frames and one of four.
class OneWorker : public testing::Test {
  protected:
    ~OneWorker() override { gate_.open(); }
    void start(CountingModel::Step step = {}) {
        comm_ = make_solo();
        rank_ = std::make_unique<FleetRank>(fleet_, *comm_, std::move(step));
        worker_ = std::make_unique<Worker>(rank_->record, rank_->options, *rank_->model.segmenter,
                                           rank_->journal);
    }
    /// All that still comes out.
    std::vector<FinishedFrame> rest() {
        std::vector<FinishedFrame> out;
        while (auto frame = worker_->take()) out.push_back(std::move(*frame));
        return out;
    }
    static std::vector<std::int64_t> times_of(const std::vector<FinishedFrame>& frames) {
        std::vector<std::int64_t> out;
        for (const FinishedFrame& frame : frames)
            if (!frame.ends_unit) out.push_back(frame.frame.t);
        return out;
    }
    std::vector<std::int64_t> begun() const {
        std::vector<std::int64_t> out;
        for (const BeginEvent& event : fleet_.journalled<BeginEvent>())
            out.insert(out.end(), event.frames.begin(), event.frames.end());
        return out;
    }

    Gate gate_;
    Fleet fleet_{1, {10, 4}};
    std::unique_ptr<Communicator> comm_;
    std::unique_ptr<FleetRank> rank_;
    std::unique_ptr<Worker> worker_;
};

TEST_F(OneWorker, GivesFramesInOrderAndTheEndsOfUnits) {
    start();
    worker_->give({0, 0, 2, 3});
    worker_->give({1, 0, 0, 4});
    worker_->close(false);
    const auto frames = rest();
    ASSERT_EQ(frames.size(), 9U);
    EXPECT_EQ(times_of(frames), (std::vector<std::int64_t>{2, 3, 4, 0, 1, 2, 3}));
    EXPECT_TRUE(frames[3].ends_unit);
    EXPECT_TRUE(frames[8].ends_unit);
    EXPECT_EQ(frames[0].state, FrameState::done);
    EXPECT_EQ(frames[0].result.labels.cells, 3U);
    EXPECT_EQ(frames[4].result.labels.cells, Fleet::first_value(1));
    EXPECT_GT(frames[0].result.times.read, 0);
    EXPECT_EQ(begun(), (std::vector<std::int64_t>{2, 3, 4, 0, 1, 2, 3}));
}

TEST_F(OneWorker, TellsOfAFrameWhileTheNextOneIsInTheModel) {
    start([&](int value) {
        if (value > 1) gate_.pass();
        return std::string();
    });
    worker_->give({0, 0, 0, 10});
    gate_.wait_for(1);
    const auto first = worker_->take();  // would wait for ever if a unit came out as a whole
    ASSERT_TRUE(first);
    EXPECT_EQ(first->frame.t, 0);
    EXPECT_EQ(begun(), (std::vector<std::int64_t>{0, 1}));
}

TEST_F(OneWorker, StopsAfterTheFrameInTheModel) {
    start([&](int) {
        gate_.pass();
        return std::string();
    });
    worker_->give({0, 0, 0, 10});
    gate_.let_on(2);
    gate_.wait_for(3);
    worker_->close(true);
    gate_.open();
    EXPECT_EQ(times_of(rest()), (std::vector<std::int64_t>{0, 1, 2}));
    EXPECT_EQ(gate_.arrived(), 3);
    EXPECT_EQ(begun(), (std::vector<std::int64_t>{0, 1, 2}));
}

TEST_F(OneWorker, FinishesEverythingWhenItIsOnlyClosed) {
    start();
    for (std::int64_t t = 0; t < 10; t += 5) worker_->give({0, 0, t, 5});
    worker_->close(false);
    worker_->give({1, 0, 0, 4});  // comes too late
    EXPECT_EQ(times_of(rest()).size(), 10U);
}

TEST_F(OneWorker, LeavesOutWhatIsRevokedBeforeItIsInTheModel) {
    start([&](int) {
        gate_.pass();
        return std::string();
    });
    worker_->give({0, 0, 0, 10});
    gate_.wait_for(1);
    worker_->revoke({0, 0, 0, 1});  // is in the model: it is finished
    worker_->revoke({0, 0, 4, 4});
    worker_->revoke({1, 0, 1, 9});  // of another file
    gate_.open();
    worker_->close(false);
    const auto frames = rest();
    EXPECT_EQ(times_of(frames), (std::vector<std::int64_t>{0, 1, 2, 3, 8, 9}));
    EXPECT_TRUE(frames.back().ends_unit);
    EXPECT_EQ(begun(), (std::vector<std::int64_t>{0, 1, 2, 3, 8, 9}));
}

TEST_F(OneWorker, DoesWhatWasRevokedAndThenGivenAgain) {
    start([&](int) {
        gate_.pass();
        return std::string();
    });
    worker_->give({0, 0, 0, 4});
    gate_.wait_for(1);
    worker_->revoke({0, 0, 2, 2});
    gate_.let_on(1);
    gate_.wait_for(2);
    worker_->give({0, 0, 3, 1});
    gate_.open();
    worker_->close(false);
    const auto times = times_of(rest());
    EXPECT_GT(std::ranges::count(times, 3), 0);
}

TEST_F(OneWorker, LetsGoOfEverythingForANewLeaderButTakesItsUnits) {
    start([&](int) {
        gate_.pass();
        return std::string();
    });
    worker_->give({0, 0, 0, 10});
    worker_->give({1, 0, 0, 4});
    gate_.wait_for(1);
    worker_->revoke_all();
    worker_->give({0, 0, 7, 2});
    gate_.open();
    worker_->close(false);
    EXPECT_EQ(times_of(rest()), (std::vector<std::int64_t>{0, 7, 8}));
}

TEST_F(OneWorker, AFrameThatFailsLeavesItsNeighboursAlone) {
    start([](int value) { return std::string(value == 3 ? "is no picture of cells" : ""); });
    worker_->give({0, 0, 0, 5});
    worker_->close(false);
    const auto frames = rest();
    ASSERT_EQ(times_of(frames), (std::vector<std::int64_t>{0, 1, 2, 3, 4}));
    for (std::size_t t = 0; t < 5; ++t)
        EXPECT_EQ(frames[t].state, t == 2 ? FrameState::failed : FrameState::done) << t;
    EXPECT_EQ(frames[2].result.failure, "is no picture of cells");
}

TEST_F(OneWorker, MemoryThatRunsOutFailsTheFrameInTheModelOnly) {
    start([](int value) -> std::string {
        if (value == 3) throw std::bad_alloc();
        return {};
    });
    worker_->give({0, 0, 0, 5});
    worker_->close(false);
    const auto frames = rest();
    ASSERT_EQ(times_of(frames), (std::vector<std::int64_t>{0, 1, 2, 3, 4}));
    EXPECT_EQ(frames[2].state, FrameState::failed);
    EXPECT_NE(frames[2].result.failure.find("memory ran out"), std::string::npos);
    EXPECT_EQ(frames[1].state, FrameState::done);
    EXPECT_EQ(frames[3].state, FrameState::done);
    EXPECT_EQ(begun().size(), 5U) << "each frame goes into the model once";
}

TEST_F(OneWorker, AModelThatAlwaysFailsFailsEveryFrame) {
    start([](int) -> std::string { throw Error(ErrorKind::environment, "the device is lost"); });
    worker_->give({0, 0, 0, 10});
    worker_->close(false);
    const auto frames = rest();
    EXPECT_EQ(times_of(frames).size(), 10U);
    for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(frames[i].result.failure, "the device is lost");
}

/// Fails before it asks for any frame.
class BrokenModel : public Segmenter {
    std::vector<SegmentResult> segment(std::span<const Image* const> /*planes*/) override {
        throw Error(ErrorKind::environment, "is broken");
    }
    void segment_each(std::span<const Image* const> planes,
                      const SegmentHooks& /*hooks*/) override {
        segment(planes);
    }
    std::uint64_t bytes_of_call(std::int64_t /*height*/, std::int64_t /*width*/,
                                std::int64_t /*frames*/) const override {
        return 0;
    }
};

TEST_F(OneWorker, AModelThatDoesNotEvenBeginIsNotAskedForEver) {
    start();
    BrokenModel broken;
    worker_ = std::make_unique<Worker>(rank_->record, rank_->options, broken, rank_->journal);
    worker_->give({0, 0, 0, 6});
    worker_->close(false);
    const auto frames = rest();
    ASSERT_EQ(times_of(frames).size(), 6U);
    for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(frames[i].state, FrameState::failed);
}

/// Knows nothing of hooks, like the one on a GPU.
class WholeCallModel : public CountingModel {
  public:
    using CountingModel::CountingModel;
    void segment_each(std::span<const Image* const> planes, const SegmentHooks& hooks) override {
        Segmenter::segment_each(planes, hooks);
    }
};

TEST_F(OneWorker, AModelThatTakesGroupsGivesTheSameFrames) {
    start();
    WholeCallModel model([](int value) { return std::string(value == 2 ? "broke" : ""); });
    worker_ = std::make_unique<Worker>(rank_->record, rank_->options, model, rank_->journal);
    worker_->revoke({0, 0, 4, 2});
    worker_->give({1, 0, 0, 4});
    worker_->close(false);
    const auto frames = rest();
    EXPECT_EQ(times_of(frames), (std::vector<std::int64_t>{0, 1, 2, 3}));
    EXPECT_EQ(frames[3].result.labels.cells, Fleet::first_value(1) + 3);
}

TEST_F(OneWorker, AFileThatIsGoneFailsItsFramesAndNoOthers) {
    start();
    std::filesystem::remove(fleet_.record.files[0]);
    worker_->give({0, 0, 0, 3});
    worker_->give({1, 0, 0, 2});
    worker_->close(false);
    const auto frames = rest();
    ASSERT_EQ(frames.size(), 7U);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(frames[i].state, FrameState::failed);
        EXPECT_NE(frames[i].result.failure.find("movie0.tif"), std::string::npos);
    }
    EXPECT_EQ(frames[4].state, FrameState::done);
    EXPECT_EQ(begun(), (std::vector<std::int64_t>{0, 1})) << "what was not read is in no model";
}

TEST_F(OneWorker, ErrorsOfItsThreadsComeOutOfTake) {
    start([](int) -> std::string { throw std::logic_error("a promise is broken"); });
    worker_->give({0, 0, 0, 3});
    EXPECT_THROW(worker_->take(), std::logic_error);
}

TEST_F(OneWorker, CanBeDroppedInTheMidstOfItsWork) {
    start([](int) { return std::string(); });
    for (int i = 0; i < 50; ++i) worker_->give({0, 0, 0, 10});
    worker_.reset();  // with nobody who takes frames
    SUCCEED();
}

// The scribe: what the worker finished, on the disk.

class OneScribe : public OneWorker {
  protected:
    void start_both(CountingModel::Step step = {}) {
        start(std::move(step));
        scribe_ = std::make_unique<Scribe>(rank_->record, 0, *worker_, rank_->journal);
    }
    ~OneScribe() override { gate_.open(); }
    /// All that is written until the end.
    Scribe::Written rest_written() {
        Scribe::Written out;
        while (!scribe_->finished())
            if (auto part = scribe_->take(std::chrono::milliseconds(20))) {
                out.units_ended += part->units_ended;
                for (FrameRecord& record : part->records) out.records.push_back(std::move(record));
            }
        return out;
    }
    std::unique_ptr<Scribe> scribe_;
};

TEST_F(OneScribe, AFrameIsToldOfWhenItsPlaneAndItsLineAreThere) {
    start_both([&](int value) {
        if (value > 2) gate_.pass();
        return std::string();
    });
    worker_->give({0, 0, 0, 10});
    std::vector<FrameRecord> told;
    while (told.size() < 2)
        if (auto part = scribe_->take(std::chrono::milliseconds(20)))
            told.insert(told.end(), part->records.begin(), part->records.end());
    const auto lines = fleet_.journalled<FrameEvent>();
    ASSERT_EQ(lines.size(), 2U) << "the rest of the unit is still to be done";
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(lines[i].t, told[i].frame.t);
        EXPECT_EQ(lines[i].checksum, told[i].checksum);
        EXPECT_EQ(lines[i].cells, i + 1);
        const EncodedPlane plane =
            read_spooled(fleet_.spool(), told[i], test::side, test::side, fleet_.record.owners);
        EXPECT_EQ(decode_plane(plane).labels[1], 1U);
    }
}

TEST_F(OneScribe, AFailureIsALineWithItsReason) {
    start_both([](int value) { return std::string(value == 2 ? "broke" : ""); });
    worker_->give({0, 0, 0, 3});
    worker_->close(false);
    const auto written = rest_written();
    ASSERT_EQ(written.records.size(), 3U);
    EXPECT_EQ(written.units_ended, 1);
    EXPECT_EQ(written.records[1].state, FrameState::failed);
    EXPECT_EQ(written.records[1].notes, (std::vector<std::string>{"broke"}));
    EXPECT_EQ(written.records[1].length, 0U);
    const auto failed = fleet_.journalled<FailedEvent>();
    ASSERT_EQ(failed.size(), 1U);
    EXPECT_EQ(failed[0].t, 1);
    EXPECT_EQ(failed[0].reason, "broke");
    EXPECT_FALSE(failed[0].final) << "whoever leads decides whether it is given up";
    EXPECT_EQ(fleet_.journalled<FrameEvent>().size(), 2U);
}

TEST_F(OneScribe, CountsTheEndsOfUnitsThatHadNothingLeft) {
    start_both();
    worker_->revoke({0, 0, 0, 10});
    worker_->give({1, 0, 0, 4});
    worker_->close(false);
    EXPECT_EQ(rest_written().units_ended, 1);
}

TEST_F(OneScribe, PlanesOfOneSpoolDoNotOverlap) {
    start_both();
    worker_->give({0, 0, 0, 10});
    worker_->give({1, 0, 0, 4});
    worker_->close(false);
    const auto written = rest_written();
    ASSERT_EQ(written.records.size(), 14U);
    std::uint64_t end = 0;
    for (const FrameRecord& record : written.records) {
        EXPECT_EQ(record.offset, end);
        EXPECT_GT(record.length, 0U);
        end += record.length;
    }
    EXPECT_EQ(std::filesystem::file_size(fleet_.spool()), end);
}

TEST_F(OneScribe, ASpoolThatIsThereAlreadyIsNotWrittenOver) {
    start();
    test::write_file(fleet_.spool(), "somebody's");
    EXPECT_THROW(Scribe(rank_->record, 0, *worker_, rank_->journal), Error);
    EXPECT_EQ(test::read_file(fleet_.spool()), "somebody's");
}

TEST_F(OneScribe, WhatEndsTheWorkerComesOutOnce) {
    start_both([](int) -> std::string { throw std::logic_error("a promise is broken"); });
    worker_->give({0, 0, 0, 3});
    int thrown = 0;
    while (!scribe_->finished()) {
        try {
            scribe_->take(std::chrono::milliseconds(20));
        } catch (const std::logic_error&) {
            ++thrown;
        }
    }
    EXPECT_EQ(thrown, 1);
}

TEST_F(OneScribe, AskedAgainAndAgainAfterTheEndItSleeps) {
    start_both();
    worker_->close(false);
    rest_written();
    const Timer timer;
    for (int i = 0; i < 5; ++i) scribe_->take(std::chrono::milliseconds(10));
    EXPECT_GE(timer.seconds(), 0.05);
}

}  // namespace
}  // namespace cytofleet
