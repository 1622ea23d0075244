// The whole pipeline in one process: several ranks as threads, real files, the demo model.
#include "pipeline/run.hpp"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>

#include "io/hdf5/hdf5_labels.hpp"
#include "io/reader.hpp"
#include "pipeline/fleet.hpp"
#include "schedule/journal_events.hpp"
#include "support/files.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;
using test::read_file;
using test::TempDir;

const fs::path demo = fs::path(CYTOFLEET_SOURCE) / "launch" / "demo" / "demo_movie.ome.tif";

RunOptions demo_options(const fs::path& output) {
    RunOptions options;
    options.inputs = {demo};
    options.model = "demo";
    options.output_dir = output;
    return options;
}

RunSummary run_on(int ranks, const RunOptions& options) {
    setenv("SOURCE_DATE_EPOCH", "1700000000", 1);
    RunSummary summary;
    run_thread_team(ranks, [&](Communicator& comm) {
        Log log(stderr, LogLevel::error, false);
        const RunSummary mine = run(comm, options, log);
        if (mine.complete) summary = mine;
    });
    return summary;
}

TEST(Run, GivesTheSameBytesOnOneRankAndMany) {
    const TempDir dir;
    // One folder for all: its name is in the log that the mask carries.
    const fs::path mask = dir / "demo_movie_vSM.ome.tif";
    const RunSummary alone = run_on(1, demo_options(dir.path()));
    EXPECT_EQ(alone.exit_code, 0);
    EXPECT_GT(alone.cells, 0U);
    const std::string expected = read_file(mask);
    for (const Partition partition : {Partition::frames, Partition::files, Partition::automatic}) {
        RunOptions options = demo_options(dir.path());
        options.partition = partition;
        options.resume = false;
        const RunSummary team = run_on(3, options);
        EXPECT_EQ(team.exit_code, 0);
        EXPECT_EQ(team.cells, alone.cells);
        EXPECT_TRUE(read_file(mask) == expected) << "partition " << static_cast<int>(partition);
    }
}

TEST(Run, TheMaskReadsBackWithTheInputsAxesAndSizes) {
    const TempDir dir;
    run_on(1, demo_options(dir.path()));
    const auto input = open_reader(demo);
    const auto mask = open_reader(dir / "demo_movie_vSM.ome.tif");
    const SceneInfo& in = input->info().scenes.at(0);
    const SceneInfo& out = mask->info().scenes.at(0);
    EXPECT_EQ(out.t, in.t);
    EXPECT_EQ(out.y, in.y);
    EXPECT_EQ(out.x, in.x);
    EXPECT_EQ(out.type, PixelType::u16);
    EXPECT_EQ(out.pixel_size.x, in.pixel_size.x);
    EXPECT_EQ(out.time_increment, in.time_increment);
    ASSERT_EQ(out.channel_names.size(), 1U);
    EXPECT_EQ(out.channel_names[0], "Segmentation mask");
    ASSERT_FALSE(mask->info().history.empty());
    EXPECT_NE(mask->info().history[0].find("Cells in all frames"), std::string::npos);
}

TEST(Run, ABadFileDoesNotStopTheOthers) {
    const TempDir dir;
    test::write_file(dir / "bad.tif", "not a picture");
    RunOptions options = demo_options(dir / "out");
    options.inputs.emplace_back(dir / "bad.tif");
    const RunSummary summary = run_on(2, options);
    EXPECT_EQ(summary.exit_code, 3);
    EXPECT_EQ(summary.bad_files, 1);
    EXPECT_TRUE(fs::exists(dir / "out" / "demo_movie_vSM.ome.tif"));
    EXPECT_NE(read_file(dir / "out" / "bad_vSM.log").find("[ERROR]"), std::string::npos);
}

TEST(Run, AStartThatFailsFailsOnEveryRank) {
    const TempDir dir;
    RunOptions options = demo_options(dir.path());
    options.model = "no such model";
    std::atomic<int> failed = 0;
    run_thread_team(3, [&](Communicator& comm) {
        Log log(stderr, LogLevel::error, false);
        try {
            run(comm, options, log);
        } catch (const StartError&) {
            ++failed;
        }
    });
    EXPECT_EQ(failed, 3);
}

/// Lines of finished frames, in all journals.
std::size_t lines_below(const fs::path& folder) {
    std::size_t out = 0;
    std::error_code failed;
    for (const auto& entry : fs::recursive_directory_iterator(folder, failed)) {
        if (entry.path().extension() != ".journal") continue;
        std::istringstream text(read_file(entry.path()));
        for (std::string line; std::getline(text, line);) {
            const auto event = event_of(line);
            out += event && std::holds_alternative<FrameEvent>(*event) ? 1 : 0;
        }
    }
    return out;
}

TEST(Run, AStopFinishesTheFramesOfABatchAndTheNextStartDoesTheRest) {
    const TempDir dir;
    RunOptions options = demo_options(dir.path());
    // All eight frames go into the model in one call.
    std::atomic<int> signal = 0;
    options.stop_signal = &signal;
    std::size_t at_stop = 0;
    std::thread user([&] {
        while (at_stop == 0) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            at_stop = lines_below(dir.path());
        }
        signal = SIGTERM;
    });
    const RunSummary stopped = run_on(1, options);
    user.join();
    EXPECT_EQ(stopped.exit_code, 85);
    const std::size_t stored = lines_below(dir.path());
    EXPECT_LE(stored, at_stop + 4) << "two that share a batch of tiles, and their successors";
    EXPECT_LT(stored, 8U);
    EXPECT_EQ(stopped.ranks.at(0).frames, static_cast<std::int64_t>(stored));
    signal = 0;
    const RunSummary rest = run_on(1, options);
    EXPECT_EQ(rest.exit_code, 0);
    EXPECT_EQ(rest.ranks.at(0).frames, static_cast<std::int64_t>(8 - stored));
    const std::string mask = read_file(dir / "demo_movie_vSM.ome.tif");
    options.resume = false;
    run_on(1, options);
    EXPECT_TRUE(read_file(dir / "demo_movie_vSM.ome.tif") == mask);
}

/// Two inputs of a frame each.
RunOptions two_small_movies(const TempDir& dir) {
    RunOptions options = demo_options(dir / "out");
    options.inputs.clear();
    for (const char* name : {"a.tif", "b.tif"}) {
        test::write_movie(dir / name, 1);
        options.inputs.emplace_back(dir / name);
    }
    return options;
}

std::int64_t frames_done(const RunSummary& summary) {
    std::int64_t out = 0;
    for (const RankTally& rank : summary.ranks) out += rank.frames;
    return out;
}

TEST(Run, ACollectionIsMadeOnceAndAgainWhenItIsGone) {
    if (!has_hdf5()) GTEST_SKIP() << "built without HDF5";
    const TempDir dir;
    RunOptions options = two_small_movies(dir);
    options.collect = dir / "all.h5";
    const RunSummary first = run_on(2, options);
    EXPECT_EQ(first.exit_code, 0);
    EXPECT_EQ(frames_done(first), 2);
    ASSERT_TRUE(fs::exists(options.collect));
    const auto written = fs::last_write_time(options.collect);
    EXPECT_EQ(run_on(2, options).exit_code, 0);
    EXPECT_EQ(fs::last_write_time(options.collect), written) << "it stands";
    fs::remove(options.collect);
    const RunSummary again = run_on(1, options);
    EXPECT_EQ(again.exit_code, 0);
    EXPECT_EQ(frames_done(again), 0) << "it is made of the results that are there";
    EXPECT_TRUE(fs::exists(options.collect));
}

TEST(Run, BothFormatsHoldTheSameRunAndOneThatIsGoneIsMadeAgain) {
    if (!has_hdf5()) GTEST_SKIP() << "built without HDF5";
    const TempDir dir;
    RunOptions options = two_small_movies(dir);
    options.format = OutputFormat::both;
    EXPECT_EQ(run_on(2, options).exit_code, 0);
    for (const char* name : {"a_vSM.ome.tif", "a_vSM.h5", "b_vSM.ome.tif", "b_vSM.h5"})
        EXPECT_TRUE(fs::exists(dir / "out" / name)) << name;
    const std::string mask = read_file(dir / "out" / "a_vSM.ome.tif");
    fs::remove(dir / "out" / "a_vSM.h5");
    const RunSummary again = run_on(1, options);
    EXPECT_EQ(again.exit_code, 0);
    EXPECT_EQ(frames_done(again), 1) << "its planes are cleared away: it is done again, alone";
    EXPECT_TRUE(fs::exists(dir / "out" / "a_vSM.h5"));
}

TEST(Run, ShardsShareARunAndTheLastOneWritesTheResult) {
    const TempDir dir;
    RunOptions options = two_small_movies(dir);
    test::write_movie(dir / "a.tif", 4);
    options.inputs = {dir / "a.tif"};
    options.partition = Partition::frames;
    options.shard = {0, 2};
    const RunSummary first = run_on(1, options);
    EXPECT_EQ(first.exit_code, 0);
    EXPECT_EQ(first.unfinished, 1);
    EXPECT_FALSE(fs::exists(dir / "out" / "a_vSM.ome.tif"));
    options.shard = {1, 2};
    const RunSummary second = run_on(1, options);
    EXPECT_EQ(second.exit_code, 0);
    EXPECT_EQ(second.unfinished, 0);
    EXPECT_EQ(frames_done(first) + frames_done(second), 4);
    EXPECT_TRUE(fs::exists(dir / "out" / "a_vSM.ome.tif"));
}

}  // namespace
}  // namespace cytofleet
