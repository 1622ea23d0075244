// What of a run is left, by what its journals tell.
#include "pipeline/resume.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "pipeline/discover.hpp"
#include "support/files.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

/// One input of four frames, whose mask would be out/movie_vSM.ome.tif.
class Resume : public testing::Test {
  protected:
    Resume() {
        fs::create_directories(dir_ / "out");
        FileInfo file;
        file.path = dir_ / "movie.tif";
        file.scenes.resize(1);
        file.scenes[0].t = 4;
        file.scenes[0].y = file.scenes[0].x = 8;
        catalogue_.files.push_back(file);
        catalogue_.jobs.push_back({0, 0, dir_ / "out" / "movie_vSM"});
        options_.output_dir = dir_ / "out";
    }

    SceneHistory& scene(const std::string& input = "now") {
        SceneHistory& out = history_.scenes[{input, 0}];
        out.job.frames = 4;
        out.job.stem = "movie_vSM";
        return out;
    }
    void done(std::int64_t t, std::uint64_t length = 10) {
        if (history_.spools.empty()) history_.spools = {"a-0.spool", "a-1.spool"};
        FrameHistory& frame = scene().frames[t];
        frame.spool = 1;
        frame.done.length = length;
        frame.done.cells = 7;
    }
    fs::path mask() const { return mask_path(catalogue_.jobs.front().stem); }
    /// The mask is there, and the journal says who wrote it.
    OutputEvent written(const std::string& text = "a mask") {
        test::write_file(mask(), text);
        OutputEvent out;
        out.path = "movie_vSM.ome.tif";
        out.bytes = text.size();
        out.sha256 = sha256_of_file(mask());
        out.changed = fs::last_write_time(mask()).time_since_epoch().count();
        out.frames = 4;
        return out;
    }
    Remaining remains() {
        return what_remains(catalogue_, {"now"}, history_, dir_ / "out", options_, 3);
    }

    test::TempDir dir_;
    Catalogue catalogue_;
    RunHistory history_;
    RunOptions options_;
};

TEST_F(Resume, WithoutHistoryEverythingIsLeft) {
    const Remaining left = remains();
    EXPECT_EQ(left.jobs.size(), 1U);
    EXPECT_TRUE(left.records.empty());
    EXPECT_TRUE(left.notes.empty());
}

TEST_F(Resume, FramesInSpoolsAreTakenAndSpoolsCountedOn) {
    done(0);
    done(2, 0);
    const Remaining left = remains();
    ASSERT_EQ(left.records.size(), 2U);
    EXPECT_EQ(left.records[0].frame, (FrameId{0, 0, 0}));
    EXPECT_EQ(left.records[0].state, FrameState::done);
    EXPECT_EQ(left.records[0].spool, 3 + 1);
    EXPECT_EQ(left.records[0].cells, 7U);
    EXPECT_EQ(left.records[1].state, FrameState::missing);
    const FrameNeeds needs(left, 3);
    EXPECT_EQ(needs({0, 0, 0}), FrameNeed::none);
    EXPECT_EQ(needs({0, 0, 1}), FrameNeed::any);
    EXPECT_EQ(needs({0, 0, 2}), FrameNeed::none);
    EXPECT_EQ(needs({1, 0, 0}), FrameNeed::none);  // no job of the run
    EXPECT_EQ(left.notes.size(), 1U);
}

TEST_F(Resume, AResultThatIsAsItWasWrittenStands) {
    scene().outputs.push_back(written());
    EXPECT_TRUE(remains().jobs.empty());
    EXPECT_EQ(remains().outputs.size(), 1U);
    // Touched or copied, its contents decide.
    fs::last_write_time(mask(), fs::last_write_time(mask()) + std::chrono::hours(1));
    EXPECT_TRUE(remains().jobs.empty());
}

TEST_F(Resume, AResultThatIsGoneIsMadeAgain) {
    scene().outputs.push_back(written());
    fs::remove(mask());
    EXPECT_EQ(remains().jobs.size(), 1U);
}

TEST_F(Resume, AForeignFileIsNotReplacedUnlessToldTo) {
    scene().outputs.push_back(written("a mask"));
    test::write_file(mask(), "another");
    EXPECT_THROW(remains(), Error);
    test::write_file(mask(), "b mask");  // of the same size
    EXPECT_THROW(remains(), Error);
    options_.existing = Existing::skip;
    EXPECT_TRUE(remains().jobs.empty());
    options_.existing = Existing::overwrite;
    EXPECT_EQ(remains().jobs.size(), 1U);
}

TEST_F(Resume, AResultOfAnEarlierStateOfTheInputIsReplaced) {
    scene("before").outputs.push_back(written());
    const Remaining left = remains();
    EXPECT_EQ(left.jobs.size(), 1U);
    ASSERT_EQ(left.notes.size(), 1U);
    EXPECT_NE(left.notes[0].find("changed since"), std::string::npos);
}

TEST_F(Resume, OfTwoFormatsBothMustStand) {
    scene().outputs.push_back(written());
    options_.format = OutputFormat::both;
    EXPECT_EQ(remains().jobs.size(), 1U);
    OutputEvent second = scene().outputs.back();
    second.path = "movie_vSM.h5";
    fs::copy_file(mask(), hdf5_path(catalogue_.jobs.front().stem));
    scene().outputs.push_back(second);
    EXPECT_TRUE(remains().jobs.empty());
}

TEST_F(Resume, DeathsMakeAFrameGoAloneThenCarefullyThenNotAtAll) {
    scene().frames[0].deaths = 1;
    scene().frames[1].deaths = 2;
    scene().frames[2].deaths = 3;
    const Remaining left = remains();
    const FrameNeeds needs(left, 3);
    EXPECT_EQ(needs({0, 0, 0}), FrameNeed::alone);
    EXPECT_EQ(needs({0, 0, 1}), FrameNeed::none);
    EXPECT_EQ(needs.careful(), (std::vector<FrameId>{{0, 0, 1}}));
    EXPECT_EQ(needs({0, 0, 2}), FrameNeed::none);
    ASSERT_EQ(left.given_up.size(), 1U);
    EXPECT_EQ(left.given_up[0].t, 2);
    EXPECT_TRUE(left.given_up[0].final);
    ASSERT_EQ(left.records.size(), 1U);
    EXPECT_EQ(left.records[0].state, FrameState::quarantined);
}

TEST_F(Resume, ForgivenFramesAreTriedAgainAndTheirResultMadeAgain) {
    scene().frames[1].quarantined = true;
    scene().frames[1].failures = {"was bad"};
    scene().outputs.push_back(written());
    EXPECT_TRUE(remains().jobs.empty());
    forgive(history_);
    const Remaining left = remains();
    EXPECT_EQ(left.jobs.size(), 1U);
    EXPECT_EQ(FrameNeeds(left, 3)({0, 0, 1}), FrameNeed::any);
}

TEST_F(Resume, ARunUnderWayLearnsOfSpoolsItDidNotKnow) {
    done(0);
    RunRecord run;
    run.folder = dir_ / "out" / ".cytofleet" / "id";
    run.inputs = {"now"};
    run.jobs = catalogue_.jobs;
    run.items = {{0, 0, 4, 64.0}};
    run.spools = {"own-0.spool", "a-1.spool"};
    const Remaining left = what_is_left(run, history_, options_);
    EXPECT_EQ(run.spools, (std::vector<std::string>{"own-0.spool", "a-1.spool", "a-0.spool"}));
    ASSERT_EQ(left.records.size(), 1U);
    EXPECT_EQ(left.records[0].spool, 1);
}

}  // namespace
}  // namespace cytofleet
