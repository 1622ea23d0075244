// Small parts of a run: what inputs become, what names a run, and how progress is told.
#include "pipeline/catalogue.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "pipeline/claim_paths.hpp"
#include "pipeline/fleet.hpp"
#include "pipeline/progress.hpp"
#include "pipeline/run_settings.hpp"
#include "pipeline/time_limit.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;
using test::Fleet;
using test::TempDir;
using test::Told;
using test::write_file;
using test::write_movie;

using test::error_of;

// catalogue

TEST(Catalogue, GoodFilesBecomeJobsAndBadOnesAreListed) {
    const TempDir dir;
    write_movie(dir / "a.tif", 3);
    write_file(dir / "b.tif", "no picture");
    write_movie(dir / "c.tif", 2);
    RunOptions options;
    const Catalogue found =
        make_catalogue({dir / "a.tif", dir / "b.tif", dir / "gone.tif", dir / "c.tif"}, options);
    ASSERT_EQ(found.jobs.size(), 2U);
    EXPECT_EQ(found.jobs[1].file, 1) << "numbers count good files";
    EXPECT_EQ(found.jobs[1].stem, dir / "c_vSM");
    EXPECT_EQ(found.scene(found.jobs[0]).t, 3);
    ASSERT_EQ(found.bad.size(), 2U);
    EXPECT_EQ(found.bad[0].file, dir / "b.tif");
    EXPECT_NE(found.bad[1].reason.find("gone.tif"), std::string::npos);
    const auto items = found.items(found.jobs);
    ASSERT_EQ(items.size(), 2U);
    EXPECT_EQ(items[1].frames, 2);
    EXPECT_EQ(items[1].frame_cost, static_cast<double>(test::side * test::side));
}

TEST(Catalogue, AChannelThatThereIsNotIsTheFilesFault) {
    const TempDir dir;
    write_movie(dir / "a.tif", 1);
    RunOptions options;
    options.channel = 1;
    const Catalogue found = make_catalogue({dir / "a.tif"}, options);
    EXPECT_TRUE(found.jobs.empty());
    ASSERT_EQ(found.bad.size(), 1U);
    EXPECT_NE(found.bad[0].reason.find("has 1 channel, so there is no --channel 1"),
              std::string::npos);
}

/// What claim_paths() says of a run over these files, or nothing.
std::string clash_of(const std::vector<fs::path>& files, const RunOptions& options) {
    Catalogue catalogue = make_catalogue(files, options);
    return error_of([&] { claim_paths(catalogue, options, "model", {}); });
}

TEST(Catalogue, TwoInputsOfOneOutputAreNamed) {
    const TempDir dir;
    fs::create_directories(dir / "one");
    fs::create_directories(dir / "two");
    for (const char* folder : {"one", "two"}) write_movie(dir / folder / "a.tif", 1);
    RunOptions options;
    options.output_dir = dir / "out";
    const std::vector<fs::path> files{dir / "one" / "a.tif", dir / "two" / "a.tif"};
    const std::string why = clash_of(files, options);
    EXPECT_NE(why.find("one/a.tif and "), std::string::npos) << why;
    EXPECT_NE(why.find("two/a.tif would both be written to"), std::string::npos) << why;
    options.output_dir.clear();
    EXPECT_EQ(clash_of(files, options), "");
}

TEST(Catalogue, OutputsThatCollideByALinkAreSeen) {
    const TempDir dir;
    fs::create_directories(dir / "real");
    fs::create_directory_symlink(dir / "real", dir / "link");
    write_movie(dir / "real" / "a.tif", 1);
    RunOptions options;
    EXPECT_NE(clash_of({dir / "real" / "a.tif", dir / "link" / "a.tif"}, options), "");
}

TEST(Catalogue, OfManyCollisionsTheNumberIsTold) {
    const TempDir dir;
    std::vector<fs::path> files;
    for (const char* folder : {"one", "two", "three", "four"}) {
        fs::create_directories(dir / folder);
        write_movie(dir / folder / "a.tif", 1);
        files.push_back(dir / folder / "a.tif");
    }
    RunOptions options;
    options.output_dir = dir / "out";
    const std::string why = clash_of(files, options);
    EXPECT_NE(why.find("(and so for "), std::string::npos) << why;
}

TEST(Catalogue, AChannelOfAnRgbImageIsItsSample) {
    SceneInfo rgb;
    rgb.samples = 3;
    const PlaneId plane = plane_of(rgb, 4, 7, 5);
    EXPECT_EQ(plane.scene, 4);
    EXPECT_EQ(plane.t, 7);
    EXPECT_EQ(plane.c, 1);
    EXPECT_EQ(plane.sample, 2);
    const PlaneId grey = plane_of(SceneInfo{}, 0, 0, 5);
    EXPECT_EQ(grey.c, 5);
    EXPECT_EQ(grey.sample, 0);
}

// run_settings

TEST(RunSettings, WhatChangesLabelsChangesTheRun) {
    const LoadedModel model;
    const RunOptions usual;
    const std::string id = run_id(settings_of(usual, model));
    std::set<std::string> ids{id};
    const auto other = [&](auto change) {
        RunOptions options;
        change(options);
        EXPECT_TRUE(ids.insert(run_id(settings_of(options, model))).second)
            << difference(settings_of(usual, model), settings_of(options, model));
    };
    other([](RunOptions& o) { o.channel = 1; });
    other([](RunOptions& o) { o.reader.axes = "Z"; });
    other([](RunOptions& o) { o.cellpose.masks.cellprob_threshold = 0.5; });
    other([](RunOptions& o) { o.cellpose.masks.flow_threshold = 0.5; });
    other([](RunOptions& o) { o.cellpose.masks.min_size = 3; });
    other([](RunOptions& o) { o.cellpose.masks.max_size_fraction = 0.9; });
    other([](RunOptions& o) { o.cellpose.masks.interpolate = !o.cellpose.masks.interpolate; });
    other([](RunOptions& o) { o.cellpose.masks.variant = Variant::cuda; });
    other([](RunOptions& o) { o.cellpose.normalize.percentile[0] = 2; });
    other([](RunOptions& o) { o.cellpose.normalize.percentile[1] = 98; });
    other([](RunOptions& o) { o.cellpose.normalize.invert = true; });
    other([](RunOptions& o) { o.cellpose.augment = true; });
    other([](RunOptions& o) { o.cellpose.tile_overlap = 0.3; });
    other([](RunOptions& o) { o.cellpose.resample = !o.cellpose.resample; });
    other([](RunOptions& o) { o.cellpose.gpu = GpuSettings{}; });
    LoadedModel another;
    another.info.sha256 = "ab";
    EXPECT_TRUE(ids.insert(run_id(settings_of(usual, another))).second);
    another = {};
    another.diameter = 31;
    EXPECT_TRUE(ids.insert(run_id(settings_of(usual, another))).second);
    another = {};
    another.steps = 7;
    EXPECT_TRUE(ids.insert(run_id(settings_of(usual, another))).second);
}

TEST(RunSettings, WhatChangesSpeedOrNamesDoesNot) {
    const LoadedModel model;
    RunOptions options;
    const std::string id = run_id(settings_of(options, model));
    options.cellpose.threads = 7;
    options.cellpose.batch_size = 3;
    options.suffix = "x";
    options.output_dir = "/elsewhere";
    options.format = OutputFormat::both;
    options.partition = Partition::files;
    options.shard = {1, 3};
    options.max_attempts = 9;
    options.existing = Existing::overwrite;
    EXPECT_EQ(run_id(settings_of(options, model)), id);
}

// run_record

TEST(RunRecordOf, FindsJobsByFileAndSceneAndInputsByName) {
    Fleet fleet(2, {1, 1, 1});
    RunRecord& run = fleet.record;
    run.jobs.erase(run.jobs.begin() + 1);  // stands already
    EXPECT_EQ(run.job_of(2, 0).stem, run.jobs[1].stem);
    EXPECT_THROW(run.job_of(1, 0), InternalError);
    EXPECT_THROW(run.job_of(2, 1), InternalError);
    EXPECT_EQ(run.path_of(run.scene_name(1, 0)), run.files[1]);
    EXPECT_THROW(run.path_of({"nobody", 0}), InternalError);
    EXPECT_EQ(run.home(), fleet.dir / "out");
    EXPECT_EQ(run.spool_of(1), run.folder / spool_name(run.attempt, 1));
}

TEST(RunRecordOf, TheStartIsTheClocksOrTheUsers) {
    setenv("SOURCE_DATE_EPOCH", "1700000000", 1);
    EXPECT_EQ(start_time(), 1700000000);
    for (const char* nonsense : {"yesterday", "-1", "1e9", "1700000000 ", "999999999999"}) {
        setenv("SOURCE_DATE_EPOCH", nonsense, 1);
        EXPECT_NE(error_of([] { start_time(); }).find("SOURCE_DATE_EPOCH"), std::string::npos)
            << nonsense;
    }
    setenv("SOURCE_DATE_EPOCH", "", 1);
    const std::int64_t now = start_time();
    EXPECT_GT(now, 1700000000);
    unsetenv("SOURCE_DATE_EPOCH");
    EXPECT_LE(start_time() - now, 5);
    EXPECT_EQ(time_stamp(1700000000, 7), "2023-11-14 22:13:20,007");
}

TEST(RunRecordOf, AttemptsHaveNamesOfTheirOwn) {
    std::set<std::string> names;
    for (int i = 0; i < 200; ++i) names.insert(attempt_name());
    EXPECT_EQ(names.size(), 200U);
    EXPECT_TRUE(is_attempt_file(spool_name(*names.begin(), 12), ".spool"))
        << "else nobody would clear them away";
}

// progress

TEST(ProgressLine, TellsFramesCellsRateAndWhatIsLeft) {
    Told told(LogLevel::info, true);
    Progress progress(told.log);
    progress.start(10, 100);
    progress.show(10, 40, 5, false);
    EXPECT_EQ(told.text(), "") << "nothing has happened yet";
    FrameRecord record;
    record.cells = 7;
    progress.add(record);
    progress.show(15, 40, 10, false);
    EXPECT_TRUE(told.says("15/40 frames, 107 cells, 1.00 frames/s, 25 s left")) << told.text();
    record.state = FrameState::quarantined;
    record.cells = 0;
    progress.add(record);
    progress.show(16, 40, 11, false);
    EXPECT_TRUE(told.says("16/40 frames, 107 cells, 1.00 frames/s, 1 frame quarantined, 24 s"));
}

TEST(ProgressLine, IsDrawnTwiceASecondAndWrittenSeldom) {
    Told live(LogLevel::info, true);
    Told file(LogLevel::info, false);
    Progress drawn(live.log);
    Progress written(file.log);
    for (int tenth = 0; tenth <= 300; ++tenth)
        for (Progress* progress : {&drawn, &written})
            progress->show(1 + tenth, 1000, tenth / 10.0, false);
    const std::string lines = file.text();
    EXPECT_GE(std::ranges::count(lines, '\n'), 2);
    EXPECT_LE(std::ranges::count(lines, '\n'), 4);
    int drawings = 0;
    const std::string text = live.text();
    for (std::size_t at = 0; (at = text.find(" frames, ", at)) != std::string::npos; ++at)
        ++drawings;
    EXPECT_GE(drawings, 50);
    EXPECT_LE(drawings, 62);
}

TEST(ProgressLine, TheLastOneIsToldWhateverTheTime) {
    Told told(LogLevel::info, false);
    Progress progress(told.log);
    progress.show(1, 2, 0, false);
    progress.show(2, 2, 0.01, true);
    EXPECT_TRUE(told.says("2/2 frames"));
    EXPECT_FALSE(told.says("left"));
}

TEST(ProgressLine, LongWaitsAreInMinutesAndHours) {
    Told told(LogLevel::info, true);
    Progress progress(told.log);
    progress.show(0, 1000, 0, true);
    progress.show(1, 1000, 1, true);
    EXPECT_TRUE(told.says("17 min left")) << told.text();
    progress.show(1, 100000, 2, true);
    EXPECT_TRUE(told.says("55.6 h left")) << told.text();
}

// time_limit

TEST(TimeLimitOf, CallsWhenItIsTooLateAndOnce) {
    std::atomic<int> called = 0;
    {
        const TimeLimit limit(0.02, [&] { ++called; });
        const Timer timer;
        while (called == 0 && timer.seconds() < 10)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        std::this_thread::sleep_for(std::chrono::milliseconds(40));
    }
    EXPECT_EQ(called, 1);
}

TEST(TimeLimitOf, SaysNothingInTimeAndKeepsNobodyWaiting) {
    std::atomic<int> called = 0;
    const Timer timer;
    {
        const TimeLimit limit(60, [&] { ++called; });
    }
    EXPECT_EQ(called, 0);
    EXPECT_LT(timer.seconds(), 30);
}

}  // namespace
}  // namespace cytofleet
