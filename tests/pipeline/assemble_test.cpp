// From planes in spools to a mask and its log; what cannot be read back is told, and a stop leaves
// nothing half written.
#include "pipeline/assemble.hpp"

#include <atomic>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "pipeline/assembler.hpp"
#include "pipeline/fleet.hpp"
#include "pipeline/shard_end.hpp"
#include "pipeline/spool.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;
using test::Fleet;
using test::FleetRank;
using test::read_file;
using test::side;

/// One rank that has planes of two files, of four frames and of two, in its spool.
class Assembling : public testing::Test {
  protected:
    Assembling() {
        for (std::int64_t file = 0; file < 2; ++file)
            for (std::int64_t t = 0; t < fleet_.record.items[static_cast<std::size_t>(file)].frames;
                 ++t)
                records_[static_cast<std::size_t>(file)].push_back(
                    spooled(file, t, static_cast<std::uint32_t>(t + 2)));
        spool_.sync();
    }
    FrameRecord spooled(std::int64_t file, std::int64_t t, std::uint32_t cells,
                        std::uint32_t add = 0) {
        LabelImage labels{side, side, {}, cells + add, cells};
        for (std::uint32_t i = 0; i < side * side; ++i)
            labels.labels.push_back(i % (cells + 1) == 0 ? 0 : i % (cells + 1) + add);
        FrameRecord out;
        out.frame = {file, 0, t};
        out.cells = cells;
        out.largest = labels.largest;
        spool_.append(encode_plane(labels), out);
        return out;
    }
    static void lose(FrameRecord& record, FrameState state, const std::string& why) {
        record.state = state;
        record.length = 0;
        record.cells = record.largest = 0;
        record.notes = {why};
    }
    Assembly assembled(std::int64_t file = 0, const std::atomic<bool>* abandon = nullptr) {
        return assemble(rank_.options, rank_.record, rank_.model, rank_.facts,
                        rank_.record.jobs[static_cast<std::size_t>(file)],
                        records_[static_cast<std::size_t>(file)], rank_.journal, abandon);
    }
    /// Everything in the folder for results but its books.
    std::vector<std::string> results() const {
        std::vector<std::string> out;
        for (const auto& entry : fs::directory_iterator(fleet_.dir / "out"))
            if (entry.is_regular_file()) out.push_back(entry.path().filename());
        std::ranges::sort(out);
        return out;
    }
    void damage(const FrameRecord& record) {
        std::fstream spool(fleet_.spool(), std::ios::in | std::ios::out | std::ios::binary);
        spool.seekp(static_cast<std::streamoff>(record.offset + record.length / 2));
        spool.put('\x55');
        spool.put('\x55');
    }

    Fleet fleet_{1, {4, 2}};
    std::unique_ptr<Communicator> comm_ = make_solo();
    FleetRank rank_{fleet_, *comm_};
    Spool spool_{fleet_.spool(), 0};
    std::vector<FrameRecord> records_[2];
};

TEST_F(Assembling, GivesAMaskALogAndALineThatKnowsTheMask) {
    const Assembly done = assembled();
    EXPECT_EQ(done.outcome.failure, "");
    EXPECT_EQ(done.outcome.frames, 4);
    EXPECT_EQ(done.outcome.cells, 2U + 3 + 4 + 5);
    EXPECT_EQ(done.outcome.failed_frames, 0);
    EXPECT_EQ(fleet_.cells(), (std::vector<std::uint32_t>{2, 3, 4, 5}));
    EXPECT_EQ(results(), (std::vector<std::string>{"movie0_vSM.log", "movie0_vSM.ome.tif"}));
    const auto lines = fleet_.journalled<OutputEvent>();
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0].path, "movie0_vSM.ome.tif");
    EXPECT_EQ(lines[0].sha256, sha256_of_file(fleet_.mask()));
    EXPECT_EQ(lines[0].bytes, fs::file_size(fleet_.mask()));
    EXPECT_EQ(lines[0].frames, 4);
    EXPECT_TRUE(lines[0].empty.empty());
    EXPECT_NE(read_file(log_path(fleet_.record.jobs[0].stem)).find("Frame 2: 4 cells"),
              std::string::npos);
}

TEST_F(Assembling, FramesWithoutLabelsAreEmptyPlanesAndNamed) {
    lose(records_[0][1], FrameState::quarantined, "broke");
    lose(records_[0][3], FrameState::missing, "is not there");
    const Assembly done = assembled();
    EXPECT_EQ(done.outcome.failure, "");
    EXPECT_EQ(done.outcome.failed_frames, 1) << "what is not in the file is no failure";
    EXPECT_EQ(fleet_.cells(), (std::vector<std::uint32_t>{2, 0, 4, 0}));
    const auto lines = fleet_.journalled<OutputEvent>();
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0].empty, (std::vector<std::int64_t>{1, 3}));
    EXPECT_EQ(lines[0].quarantined, 1);
    const std::string log = read_file(log_path(fleet_.record.jobs[0].stem));
    EXPECT_NE(log.find("Frame 1 is empty: broke"), std::string::npos);
}

TEST_F(Assembling, OneFrameWithManyLabelsMakesAllPlanesWide) {
    records_[0][2] = spooled(0, 2, 3, 70000);
    const Assembly done = assembled();
    EXPECT_EQ(done.outcome.failure, "");
    const auto reader = open_reader(fleet_.mask());
    EXPECT_EQ(reader->info().scenes.at(0).type, PixelType::u32);
    EXPECT_EQ(fleet_.cells(), (std::vector<std::uint32_t>{2, 3, 70003, 5}));
}

TEST_F(Assembling, ARecordThatLiesAboutItsLabelsIsAPlaneThatIsLost) {
    records_[0][2] = spooled(0, 2, 3, 70000);
    records_[0][2].largest = 3;
    const Assembly done = assembled();
    EXPECT_EQ(done.lost, (std::vector<std::int64_t>{2}));
    EXPECT_FALSE(fs::exists(fleet_.mask()));
}

TEST_F(Assembling, AllPlanesThatCannotBeReadBackAreTold) {
    damage(records_[0][0]);
    damage(records_[0][2]);
    const Assembly done = assembled();
    EXPECT_EQ(done.lost, (std::vector<std::int64_t>{0, 2}));
    EXPECT_EQ(done.records, records_[0]) << "whoever leads needs them";
    EXPECT_EQ(done.outcome.failure, "");
    EXPECT_TRUE(results().empty()) << "no mask, and no temporary file of one";
    EXPECT_TRUE(fleet_.journalled<OutputEvent>().empty());
}

TEST_F(Assembling, ASpoolThatIsGoneLosesEverything) {
    fs::remove(fleet_.spool());
    EXPECT_EQ(assembled().lost.size(), 4U);
    EXPECT_TRUE(results().empty());
}

TEST_F(Assembling, WithoutAnyFrameThereIsNoMaskAndNoHope) {
    for (FrameRecord& record : records_[0]) lose(record, FrameState::quarantined, "broke");
    const Assembly done = assembled();
    EXPECT_TRUE(done.outcome.hopeless);
    EXPECT_NE(done.outcome.failure.find("no frame could be segmented; the first broke"),
              std::string::npos);
    EXPECT_EQ(results(), (std::vector<std::string>{"movie0_vSM.log"})) << "the log has the reason";
}

TEST_F(Assembling, AStopLeavesNothingBehind) {
    const std::atomic<bool> abandon = true;
    const Assembly done = assembled(0, &abandon);
    EXPECT_TRUE(done.abandoned);
    EXPECT_TRUE(results().empty());
    EXPECT_TRUE(fleet_.journalled<OutputEvent>().empty());
}

TEST_F(Assembling, AnInputThatWasChangedMeanwhileIsNotMixedWithItsOldFrames) {
    test::write_movie(fleet_.record.files[0], 4, 9);
    fs::last_write_time(fleet_.record.files[0],
                        fs::file_time_type::clock::now() + std::chrono::hours(1));
    const Assembly done = assembled();
    EXPECT_NE(done.outcome.failure.find("was changed while it was being segmented"),
              std::string::npos);
    EXPECT_FALSE(fs::exists(fleet_.mask()));
}

TEST_F(Assembling, AnInputThatIsGoneFailsItsOwnOutputOnly) {
    fs::remove(fleet_.record.files[0]);
    EXPECT_NE(assembled(0).outcome.failure.find("movie0.tif"), std::string::npos);
    EXPECT_EQ(assembled(1).outcome.failure, "");
}

TEST_F(Assembling, AStrangersFileThatAppearedIsNotReplaced) {
    test::write_file(fleet_.mask(), "a stranger's");
    EXPECT_NE(assembled().outcome.failure, "");
    EXPECT_EQ(read_file(fleet_.mask()), "a stranger's");
    rank_.options.existing = Existing::overwrite;
    EXPECT_EQ(assembled().outcome.failure, "");
    EXPECT_EQ(fleet_.cells().size(), 4U);
}

TEST_F(Assembling, TheMaskOfAnotherProcessAtTheSameWorkIsReplaced) {
    assembled();
    const std::string first = read_file(fleet_.mask());
    EXPECT_EQ(assembled().outcome.failure, "");
    EXPECT_TRUE(read_file(fleet_.mask()) == first);
}

TEST_F(Assembling, AFolderThatIsGoneIsAFailureNotAnEnd) {
    rank_.record.jobs[0].stem = fleet_.dir / "nowhere" / "movie0_vSM";
    EXPECT_NE(assembled().outcome.failure.find("nowhere"), std::string::npos);
}

TEST_F(Assembling, ForHdf5AloneTheLogIsWrittenAndThePlanesAreChecked) {
    rank_.options.format = OutputFormat::hdf5;
    EXPECT_EQ(assembled().outcome.failure, "");
    EXPECT_EQ(results(), (std::vector<std::string>{"movie0_vSM.log"}));
    damage(records_[1][1]);
    EXPECT_EQ(assembled(1).lost, (std::vector<std::int64_t>{1}));
}

TEST_F(Assembling, WhatStoodAlreadyIsAnOutcomeToo) {
    OutputEvent output;
    output.frames = 5;
    output.cells = 17;
    output.quarantined = 2;
    const Outcome outcome = outcome_of(fleet_.record.jobs[1], output);
    EXPECT_EQ(outcome.job.file, 1);
    EXPECT_EQ(outcome.frames, 5);
    EXPECT_EQ(outcome.cells, 17U);
    EXPECT_EQ(outcome.failed_frames, 2);
    EXPECT_EQ(outcome.failure, "");
}

TEST_F(Assembling, AFileThatCannotBeOpenedGetsALogWithTheReason) {
    const BadFile bad{fleet_.dir / "bad.tif", "bad.tif: is no TIFF", -1,
                      fleet_.dir / "out" / "bad_vSM.log"};
    write_failure_log(rank_.options, 1700000000, bad, rank_.facts);
    EXPECT_NE(read_file(fleet_.dir / "out" / "bad_vSM.log").find("[ERROR] bad.tif: is no TIFF"),
              std::string::npos);
    // A log of somebody else is left alone.
    test::write_file(fleet_.dir / "out" / "bad_vSM.log", "a stranger's");
    write_failure_log(rank_.options, 1700000000, bad, rank_.facts);
    EXPECT_EQ(read_file(fleet_.dir / "out" / "bad_vSM.log"), "a stranger's");
}

// In a thread of its own.

class WithAssembler : public Assembling {
  protected:
    /// Waits until one has ended.
    Assembly next() {
        for (;;) {
            if (auto done = assembler_.take()) return std::move(*done);
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
    Assembler assembler_{rank_.options, rank_.record, rank_.model, rank_.facts, rank_.journal};
};

TEST_F(WithAssembler, AssemblesOneAfterTheOther) {
    EXPECT_FALSE(assembler_.take());
    assembler_.give(records_[1]);
    assembler_.give(records_[0]);
    EXPECT_EQ(assembler_.in_hand(), 2);
    EXPECT_EQ(next().outcome.job.file, 1);
    EXPECT_EQ(assembler_.in_hand(), 1);
    EXPECT_EQ(next().outcome.job.file, 0);
    EXPECT_EQ(assembler_.in_hand(), 0);
    EXPECT_EQ(fleet_.cells(1), (std::vector<std::uint32_t>{2, 3}));
}

TEST_F(WithAssembler, WhatIsDroppedIsNoLongerInHand) {
    for (int i = 0; i < 20; ++i) assembler_.give(records_[0]);
    assembler_.drop();
    // One may have been under way: it ends, whole or abandoned.
    while (assembler_.in_hand() > 0) next();
    EXPECT_LE(fleet_.journalled<OutputEvent>().size(), 20U);
    assembler_.give(records_[1]);
    EXPECT_TRUE(next().abandoned) << "nothing is begun after a drop";
    EXPECT_FALSE(fs::exists(fleet_.mask(1)));
}

TEST_F(WithAssembler, WhatEndsItsThreadComesOutOfTake) {
    auto records = records_[1];
    for (FrameRecord& record : records) record.frame.file = 7;  // no job of the run
    assembler_.give(records);
    EXPECT_THROW(next(), InternalError);
}

// The end of a shard.

class ShardEnd : public Assembling {
  protected:
    void write_line(const FrameRecord& record) {
        rank_.journal.add(FrameEvent{rank_.record.scene_name(record.frame.file, 0), record.frame.t,
                                     record.offset, record.length, record.checksum, record.cells,
                                     record.largest, record.times, record.notes});
    }
    RunReport finished(const std::string& stopped = {}) {
        RunReport report;
        report.stopped = stopped;
        rank_.options.shard = {0, 2};
        const RankContext context = rank_.context(*comm_);
        finish_shard(context, rank_.record, report);
        return report;
    }
};

TEST_F(ShardEnd, AssemblesWhatIsCompleteWhoeverDidIt) {
    for (const FrameRecord& record : records_[0]) write_line(record);
    write_line(records_[1][0]);
    const RunReport report = finished();
    EXPECT_EQ(report.unfinished, 1);
    ASSERT_EQ(report.outcomes.size(), 1U);
    EXPECT_EQ(report.outcomes[0].job.file, 0);
    EXPECT_EQ(report.exit_code, 0);
    EXPECT_TRUE(fs::exists(fleet_.mask(0)));
    EXPECT_FALSE(fs::exists(fleet_.mask(1)));
    // The next one to end finds the first result standing and makes the second.
    write_line(records_[1][1]);
    const RunReport second = finished();
    EXPECT_EQ(second.unfinished, 0);
    ASSERT_EQ(second.outcomes.size(), 1U);
    EXPECT_EQ(second.outcomes[0].job.file, 1);
}

TEST_F(ShardEnd, AStoppedProcessAssemblesNothing) {
    for (const FrameRecord& record : records_[0]) write_line(record);
    EXPECT_TRUE(finished("SIGTERM").outcomes.empty());
    EXPECT_FALSE(fs::exists(fleet_.mask(0)));
}

TEST_F(ShardEnd, PlanesThatCannotBeReadBackAreAFailureThatSaysWhatToDo) {
    for (const FrameRecord& record : records_[1]) write_line(record);
    damage(records_[1][0]);
    const RunReport report = finished();
    ASSERT_EQ(report.outcomes.size(), 1U);
    EXPECT_NE(report.outcomes[0].failure.find("start this process again"), std::string::npos);
    EXPECT_EQ(report.exit_code, exit_codes::partly_done);
    EXPECT_TRUE(rank_.told.says("1 frame cannot be read back"));
}

TEST_F(ShardEnd, FramesThatWereGivenUpShowInTheExitCode) {
    write_line(records_[1][0]);
    rank_.journal.add(FailedEvent{rank_.record.scene_name(1, 0), 1, "broke", true});
    const RunReport report = finished();
    ASSERT_EQ(report.outcomes.size(), 1U);
    EXPECT_EQ(report.outcomes[0].failed_frames, 1);
    EXPECT_EQ(report.exit_code, exit_codes::partly_done);
}

}  // namespace
}  // namespace cytofleet
