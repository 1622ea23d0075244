// Before anybody works: inputs and books, the same on every rank.
#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <set>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/new_file.hpp"
#include "pipeline/collection.hpp"
#include "pipeline/fleet.hpp"
#include "pipeline/run_start.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;
using test::TempDir;
using test::Told;
using test::write_file;
using test::write_movie;

bool mentions(const std::vector<std::string>& lines, const std::string& what) {
    return std::ranges::any_of(
        lines, [&](const std::string& line) { return line.find(what) != std::string::npos; });
}

using test::error_of;

// run_start

class Starting : public testing::Test {
  protected:
    Starting() {
        setenv("SOURCE_DATE_EPOCH", "1700000000", 1);
        write_movie(dir_ / "a.tif", 3);
        write_movie(dir_ / "b.tif", 2);
        options_.inputs = {dir_ / "a.tif", dir_ / "b.tif"};
        options_.model = "demo";
        options_.output_dir = dir_ / "out";
        options_.command = {"cytofleet", "run"};
    }
    ~Starting() override { unsetenv("SOURCE_DATE_EPOCH"); }
    /// On so many ranks; what rank 0 knows.
    RunStartUp start(int ranks = 1) {
        RunStartUp out;
        run_thread_team(ranks, [&](Communicator& comm) {
            RunStartUp mine = start_together(comm, options_);
            if (comm.rank() == 0) out = std::move(mine);
        });
        return out;
    }
    TempDir dir_;
    RunOptions options_;
};

TEST_F(Starting, APlanWritesNothing) {
    const RunPlan plan = plan_run(options_, 1);
    EXPECT_EQ(plan.catalogue.jobs.size(), 2U);
    EXPECT_EQ(plan.inputs.size(), 2U);
    EXPECT_FALSE(plan.newest);
    EXPECT_EQ(plan.remaining.jobs.size(), 2U);
    EXPECT_FALSE(fs::exists(dir_ / "out"));
}

TEST_F(Starting, AllRanksGetTheSameRecord) {
    std::mutex mutex;
    std::vector<std::vector<std::byte>> records;
    int plans = 0;
    run_thread_team(3, [&](Communicator& comm) {
        const RunStartUp mine = start_together(comm, options_);
        EXPECT_TRUE(mine.model.segmenter);
        const std::lock_guard lock(mutex);
        records.push_back(to_bytes(mine.record));
        plans += mine.plan ? 1 : 0;
    });
    EXPECT_EQ(plans, 1);
    ASSERT_EQ(records.size(), 3U);
    EXPECT_EQ(records[1], records[0]);
    EXPECT_EQ(records[2], records[0]);
    const RunRecord record = run_record_from_bytes(records[0]);
    EXPECT_EQ(record.number, 1);
    EXPECT_EQ(record.start, 1700000000);
    EXPECT_EQ(record.spools.size(), 3U);
    EXPECT_EQ(record.items.size(), 2U);
    EXPECT_TRUE(fs::is_directory(record.folder));
}

TEST_F(Starting, AnInterruptedRunIsGoneOnWithUnderItsOwnStart) {
    EXPECT_EQ(start().record.number, 1);
    setenv("SOURCE_DATE_EPOCH", "1800000000", 1);
    const RunRecord again = start().record;
    EXPECT_EQ(again.number, 1);
    EXPECT_EQ(again.start, 1700000000) << "the results must have the same bytes";
    options_.resume = false;
    const RunRecord anew = start().record;
    EXPECT_EQ(anew.number, 2);
    EXPECT_EQ(anew.start, 1800000000);
}

TEST_F(Starting, OtherSettingsHaveOtherBooksAndTheUserHearsOfTheOldOnes) {
    const RunStartUp first = start();
    Journal journal(first.record.folder, test::FleetRank::start_of(first.record, *make_solo()));
    write_first_lines(journal, *first.plan, first.record, options_);
    options_.cellpose.masks.min_size = 30;
    const RunStartUp second = start();
    EXPECT_NE(second.record.folder, first.record.folder);
    EXPECT_EQ(second.record.folder.parent_path(), first.record.folder.parent_path());
    EXPECT_TRUE(mentions(second.plan->notes, "min-size"));
}

TEST_F(Starting, FirstLinesNameEveryJob) {
    const RunStartUp first = start();
    Journal journal(first.record.folder, test::FleetRank::start_of(first.record, *make_solo()));
    write_first_lines(journal, *first.plan, first.record, options_);
    const RunHistory history = read_history(first.record.folder);
    ASSERT_EQ(history.scenes.size(), 2U);
    const SceneHistory& scene = history.scenes.at(first.record.scene_name(0, 0));
    EXPECT_EQ(scene.job.frames, 3);
    EXPECT_EQ(scene.job.pixels, test::side * test::side);
    EXPECT_EQ(scene.job.stem, "a_vSM");
    EXPECT_NE(scene.job.path.find("a.tif"), std::string::npos);
}

TEST_F(Starting, FramesThatWereGivenUpOrForgivenAreInTheFirstLines) {
    const RunStartUp first = start();
    {
        Journal journal(first.record.folder, test::FleetRank::start_of(first.record, *make_solo()));
        write_first_lines(journal, *first.plan, first.record, options_);
        journal.add(FailedEvent{first.record.scene_name(0, 0), 1, "broke", true});
        journal.add(EndEvent{3});
    }
    EXPECT_EQ(plan_run(options_, 1).remaining.records.size(), 1U);
    options_.retry_quarantined = true;
    const RunStartUp second = start();
    EXPECT_TRUE(second.plan->remaining.records.empty()) << "the frame is tried again";
    Journal journal(second.record.folder, test::FleetRank::start_of(second.record, *make_solo()));
    write_first_lines(journal, *second.plan, second.record, options_);
    const RunHistory history = read_history(second.record.folder);
    EXPECT_FALSE(history.scenes.at(second.record.scene_name(0, 0)).frames.contains(1))
        << "nor is it known for bad by the next start";
}

TEST_F(Starting, NoResumeRemovesTheBooksOfTheDead) {
    const RunStartUp first = start();
    fs::path journal_file;
    {
        Journal journal(first.record.folder, test::FleetRank::start_of(first.record, *make_solo()));
        journal_file = journal.path();
        write_file(first.record.spool_of(0), "planes");
    }
    options_.resume = false;
    start();
    EXPECT_FALSE(fs::exists(journal_file));
    EXPECT_FALSE(fs::exists(first.record.spool_of(0)));
}

TEST_F(Starting, NoResumeLeavesTheLivingAlone) {
    const RunStartUp first = start();
    const Journal journal(first.record.folder,
                          test::FleetRank::start_of(first.record, *make_solo()));
    options_.resume = false;
    const RunStartUp second = start();
    EXPECT_TRUE(fs::exists(journal.path()));
    EXPECT_TRUE(mentions(second.plan->notes, "another process is at the same work"));
}

TEST_F(Starting, ABadFileIsCountedAndTheOthersGoOn) {
    write_file(dir_ / "b.tif", "no picture");
    const RunStartUp up = start();
    EXPECT_EQ(up.record.standing.bad_files, 1);
    EXPECT_EQ(up.record.jobs.size(), 1U);
    EXPECT_FALSE(up.record.idle());
}

TEST_F(Starting, WithNothingToDoNoBooksAreMade) {
    write_file(dir_ / "a.tif", "no picture");
    write_file(dir_ / "b.tif", "no picture");
    const RunStartUp up = start();
    EXPECT_TRUE(up.record.idle());
    EXPECT_FALSE(fs::exists(dir_ / "out" / ".cytofleet"));
}

TEST_F(Starting, AnErrorOfTheFirstRankIsEverybodys) {
    write_file(dir_ / "out", "no folder");
    std::mutex mutex;
    std::set<std::string> told;
    int failed = 0;
    run_thread_team(3, [&](Communicator& comm) {
        try {
            start_together(comm, options_);
        } catch (const StartError& error) {
            const std::lock_guard lock(mutex);
            EXPECT_EQ(error.kind(), ErrorKind::usage);
            told.insert(error.what());
            ++failed;
        }
    });
    EXPECT_EQ(failed, 3);
    EXPECT_EQ(told.size(), 1U);
}

TEST_F(Starting, ResultsOfStrangersStopTheRunBeforeItStarts) {
    fs::create_directories(dir_ / "out");
    write_file(dir_ / "out" / "a_vSM.ome.tif", "a stranger's");
    const std::string why = error_of([&] { start(); });
    EXPECT_NE(why.find("a_vSM.ome.tif"), std::string::npos) << why;
    EXPECT_FALSE(fs::exists(dir_ / "out" / ".cytofleet"));
    options_.existing = Existing::overwrite;
    const RunStartUp up = start();
    ASSERT_EQ(up.record.jobs.size(), 2U);
    EXPECT_TRUE(up.record.jobs[0].replaces);
    EXPECT_FALSE(up.record.jobs[1].replaces);
}

TEST_F(Starting, AFolderInAResultsPlaceStopsTheRunBeforeItStarts) {
    fs::create_directories(dir_ / "out" / "b_vSM.ome.tif" / "sub");
    options_.existing = Existing::overwrite;
    const std::string why = error_of([&] { start(); });
    EXPECT_NE(why.find("b_vSM.ome.tif is a folder"), std::string::npos) << why;
}

TEST_F(Starting, TemporaryFilesOfTheDeadGoAndOthersStay) {
    const RunStartUp first = start();
    {
        Journal journal(first.record.folder, test::FleetRank::start_of(first.record, *make_solo()));
        write_first_lines(journal, *first.plan, first.record, options_);
    }
    fs::path own;
    fs::path others;
    close(open_temporary(dir_ / "out" / "a_vSM.ome.tif", own));
    close(open_temporary(dir_ / "out" / "c_vSM.ome.tif", others));
    start();
    EXPECT_FALSE(fs::exists(own));
    EXPECT_TRUE(fs::exists(others));
}

// collection

TEST_F(Starting, ACollectionThatIsAStrangersIsNotReplaced) {
    options_.collect = dir_ / "all.h5";
    write_file(options_.collect, "a stranger's");
    const std::string why = error_of([&] { plan_run(options_, 1); });
    EXPECT_NE(why.find("all.h5"), std::string::npos) << why;
    options_.existing = Existing::overwrite;
    EXPECT_TRUE(start().record.replaces_collection);
}

TEST_F(Starting, ACollectionThatCannotBeAFileIsRefused) {
    options_.collect = dir_ / "all.h5";
    fs::create_directories(options_.collect);
    options_.existing = Existing::overwrite;
    EXPECT_NE(
        error_of([&] { plan_run(options_, 1); }).find("is a folder; name a file for --collect"),
        std::string::npos);
}

TEST_F(Starting, TheFolderOfACollectionIsMadeOrTheRunDoesNotBegin) {
    options_.collect = dir_ / "new" / "below" / "all.h5";
    plan_run(options_, 1);
    EXPECT_FALSE(fs::exists(dir_ / "new"));
    start();
    EXPECT_TRUE(fs::is_directory(dir_ / "new" / "below"));
    options_.collect = dir_ / "a.tif" / "all.h5";
    EXPECT_NE(error_of([&] { plan_run(options_, 1); }).find("is no folder"), std::string::npos);
}

TEST_F(Starting, ACollectionIsWantedUntilItStands) {
    EXPECT_FALSE(start().record.collects);
    options_.collect = dir_ / "all.h5";
    const RunStartUp up = start();
    EXPECT_TRUE(up.record.collects);
    EXPECT_FALSE(up.record.replaces_collection);
    EXPECT_FALSE(collection_stands(*up.plan, options_));
}

TEST_F(Starting, WithoutAnyOutputThereIsNothingToCollect) {
    options_.collect = dir_ / "all.h5";
    const RunStartUp up = start();
    std::unique_ptr<Communicator> comm = make_solo();
    Told told;
    Journal journal(up.record.folder, test::FleetRank::start_of(up.record, *comm));
    const RunFacts facts;
    const Timer clock;
    LoadedModel model;
    const RankContext context{*comm, options_, up.record, model, facts, told.log, journal, clock};
    EXPECT_FALSE(make_collection(context, *up.plan));
}

}  // namespace
}  // namespace cytofleet
