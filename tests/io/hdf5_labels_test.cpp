// Label files in HDF5, written by one process, looked at through HDF5 itself.
#include "io/hdf5/hdf5_labels.hpp"

#include <csignal>
#include <cstring>
#include <filesystem>
#include <functional>
#include <hdf5.h>
#include <limits>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "io/hdf5_scenes.hpp"
#include "io/plain_hdf5.hpp"
#include "support/files.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;
using test::TempDir;

Hdf5Planes all_planes(const std::vector<Hdf5Scene>& scenes) {
    return {test::done_frames(scenes, 0, 1), [&scenes](const Hdf5Frame& frame) {
                return test::block_labels(scenes[frame.scene], frame);
            }};
}

Hdf5Written write(const fs::path& path, const std::vector<Hdf5Scene>& scenes) {
    return write_hdf5(path, nullptr, scenes, all_planes(scenes));
}

std::vector<std::uint32_t> expected_pixels(const std::vector<Hdf5Scene>& scenes, std::size_t i) {
    std::vector<std::uint32_t> out;
    for (std::int64_t t = 0; t < scenes[i].input.t; ++t) {
        auto labels = test::block_labels(scenes[i], {i, t}).labels;
        if (scenes[i].planes[static_cast<std::size_t>(t)].state != PlaneState::done)
            labels.assign(labels.size(), 0);
        out.insert(out.end(), labels.begin(), labels.end());
    }
    return out;
}

std::size_t files_in(const TempDir& folder) {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()));
}

std::string message_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST(Hdf5Labels, HoldWhatWasGiven) {
    const TempDir folder;
    const fs::path path = folder / "a.h5";
    const std::vector<Hdf5Scene> scenes{test::block_scene("", 6, 37, 53, false)};
    const Hdf5Written written = write(path, scenes);
    EXPECT_EQ(written.bytes, fs::file_size(path));
    EXPECT_EQ(files_in(folder), 1U);
    EXPECT_TRUE(verify_hdf5(path).problems.empty());

    const test::PlainLabels labels = test::read_plain(path, "/labels");
    EXPECT_EQ(labels.size, (std::array<std::int64_t, 3>{6, 37, 53}));
    EXPECT_EQ(labels.chunk, (std::array<std::int64_t, 3>{1, 37, 53}));
    EXPECT_EQ(labels.pixel_bytes, 2U);
    EXPECT_EQ(labels.filters, (std::vector<int>{H5Z_FILTER_SHUFFLE, H5Z_FILTER_DEFLATE}));
    EXPECT_EQ(labels.pixels, expected_pixels(scenes, 0));

    EXPECT_EQ(test::read_plain_text(path, "/labels", "axes"), "tyx");
    const auto size = test::read_plain_numbers(path, "/labels", "element_size_um");
    EXPECT_EQ(size, (std::vector<double>{1.0, 0.25, static_cast<double>(0.325F)}));
    EXPECT_EQ(test::read_plain_numbers(path, "/labels", "time_interval_s"),
              std::vector<double>{90.5});
    EXPECT_EQ(test::read_plain_text(path, "/", "program"), "cytofleet 1.2.3");
    EXPECT_EQ(test::read_plain_text(path, "/", "log"), "line one\nline two\n");
    EXPECT_EQ(test::read_plain_text(path, "/", "contents_sha256"), written.contents);
}

TEST(Hdf5Labels, SayWhatBecameOfEachFrame) {
    const TempDir folder;
    const fs::path path = folder / "a.h5";
    const std::vector<Hdf5Scene> scenes{test::block_scene("", 5, 20, 30, false)};
    write(path, scenes);
    EXPECT_EQ(test::read_plain_table(path, "/planes/status"),
              (std::vector<std::uint64_t>{0, 1, 0, 2, 0}));
    EXPECT_EQ(test::read_plain_table(path, "/planes/cells"),
              (std::vector<std::uint64_t>{24, 0, 24, 0, 24}));
    EXPECT_EQ(
        test::read_plain_texts(path, "/planes/reason"),
        (std::vector<std::string>{"", "not in the file", "", "the network ran out of memory", ""}));
    const auto sums = test::read_plain_table(path, "/planes/checksum");
    std::vector<std::uint16_t> pixels;
    for (const auto label : test::block_labels(scenes[0], {0, 2}).labels)
        pixels.push_back(static_cast<std::uint16_t>(label));
    EXPECT_EQ(sums.at(2), checksum(std::as_bytes(std::span(pixels))));
    EXPECT_EQ(sums.at(1), sums.at(3));
    EXPECT_NE(sums.at(0), sums.at(2));
}

TEST(Hdf5Labels, SayWhenFramesWereTakenOnlyWhereThatIsIrregular) {
    const TempDir folder;
    std::vector<Hdf5Scene> scenes{test::block_scene("", 3, 20, 30, false)};
    const Hdf5Written regular = write(folder / "a.h5", scenes);
    EXPECT_THROW(test::read_plain_table(folder / "a.h5", "/planes/time"), std::runtime_error);
    scenes[0].input.time_increment.reset();
    scenes[0].input.frame_times = {0, 30, 95};
    const Hdf5Written irregular = write(folder / "b.h5", scenes);
    EXPECT_EQ(test::read_plain_table(folder / "b.h5", "/planes/time"),
              (std::vector<std::uint64_t>{0, 30, 95}));
    EXPECT_EQ(test::read_plain_text(folder / "b.h5", "/planes/time", "unit"), "s");
    EXPECT_TRUE(verify_hdf5(folder / "b.h5").problems.empty());
    EXPECT_NE(regular.contents, irregular.contents);
    scenes[0].input.frame_times = {0, 30, std::numeric_limits<double>::quiet_NaN()};
    write(folder / "c.h5", scenes);
    EXPECT_THROW(test::read_plain_table(folder / "c.h5", "/planes/time"), std::runtime_error);
    // They are part of what is checked.
    test::change_plain(folder / "b.h5", "/planes/time", {2}, 96);
    EXPECT_FALSE(verify_hdf5(folder / "b.h5").problems.empty());
}

TEST(Hdf5Labels, TakeLargeLabels) {
    const TempDir folder;
    const std::vector<Hdf5Scene> scenes{test::block_scene("", 3, 11, 7, true)};
    write(folder / "a.h5", scenes);
    const test::PlainLabels labels = test::read_plain(folder / "a.h5", "/labels");
    EXPECT_EQ(labels.pixel_bytes, 4U);
    EXPECT_EQ(labels.pixels, expected_pixels(scenes, 0));
    EXPECT_TRUE(verify_hdf5(folder / "a.h5").problems.empty());

    std::vector<Hdf5Scene> narrow = scenes;
    narrow[0].wide = false;
    const Hdf5Planes large{test::done_frames(narrow, 0, 1), [&](const Hdf5Frame& frame) {
                               return test::block_labels(scenes[0], frame);
                           }};
    EXPECT_THROW(write_hdf5(folder / "b.h5", nullptr, narrow, large), InternalError);
    EXPECT_EQ(files_in(folder), 1U);
}

TEST(Hdf5Labels, CollectManyScenes) {
    const TempDir folder;
    const fs::path path = folder / "all.h5";
    const std::vector<std::string> stems{"well A/1", "labels", "well A_1", "µ\xff"};
    const auto names = unique_group_names(stems);
    std::vector<Hdf5Scene> scenes;
    for (const auto& name : names)
        scenes.push_back(test::block_scene(name, 4 + std::ssize(scenes), 10, 12, name == "labels"));
    const Hdf5Written written = write(path, scenes);
    EXPECT_TRUE(verify_hdf5(path).problems.empty());
    for (std::size_t i = 0; i < scenes.size(); ++i)
        EXPECT_EQ(test::read_plain(path, "/" + names[i] + "/labels").pixels,
                  expected_pixels(scenes, i));
    EXPECT_EQ(test::read_plain_text(path, "/", "contents_sha256"), written.contents);
    EXPECT_EQ(test::read_plain_text(path, "/labels", "program"), "cytofleet 1.2.3");
}

TEST(Hdf5Labels, KeepLongAndOddTexts) {
    const TempDir folder;
    const fs::path path = folder / "a.h5";
    std::vector<Hdf5Scene> scenes{test::block_scene("", 2, 8, 8, false)};
    const std::string log(700000, 'x');
    scenes[0].provenance = {{"log", log}, {"input", "odd\xff\n name"}, {"empty", ""}};
    for (int i = 0; i < 20; ++i)
        scenes[0].provenance.emplace_back("setting " + std::to_string(i), std::to_string(i));
    std::string reason(254, 'r');
    scenes[0].planes[1].reason = reason + "µ and more";
    write(path, scenes);
    EXPECT_TRUE(verify_hdf5(path).problems.empty());
    EXPECT_EQ(test::read_plain_text(path, "/", "log"), log);
    EXPECT_EQ(test::read_plain_text(path, "/", "input"), "odd\\xff\n name");
    EXPECT_EQ(test::read_plain_text(path, "/", "setting 19"), "19");
    EXPECT_EQ(test::read_plain_texts(path, "/planes/reason").at(1), reason);
}

TEST(Hdf5Labels, DoNotDependOnTheClock) {
    const TempDir folder;
    const std::vector<Hdf5Scene> scenes{test::block_scene("a", 5, 20, 30, false),
                                        test::block_scene("b", 5, 20, 30, true)};
    write(folder / "1.h5", scenes);
    write(folder / "2.h5", scenes);
    EXPECT_EQ(test::read_file(folder / "1.h5"), test::read_file(folder / "2.h5"));
    for (const char* object : {"/", "/a", "/a/labels", "/a/planes", "/b/planes/checksum",
                               "/b/planes/cells", "/b/planes/status", "/b/planes/reason"})
        EXPECT_FALSE(test::has_times(folder / "1.h5", object)) << object;
}

TEST(Hdf5Labels, ContentsTellFilesApart) {
    const TempDir folder;
    std::vector<Hdf5Scene> scenes{test::block_scene("", 5, 8, 8, false)};
    const std::string first = write(folder / "a.h5", scenes).contents;
    EXPECT_EQ(write(folder / "b.h5", scenes).contents, first);
    EXPECT_EQ(first.size(), 64U);
    auto other = scenes;
    other[0].planes[1].reason = "another";
    EXPECT_NE(write(folder / "b.h5", other).contents, first);
    other = scenes;
    other[0].provenance[0].second = "cytofleet 9";
    EXPECT_NE(write(folder / "b.h5", other).contents, first);
    Hdf5Planes planes = all_planes(scenes);
    planes.read = [&](const Hdf5Frame& frame) {
        LabelImage out = test::block_labels(scenes[0], frame);
        if (frame.t == 4) out.labels[3] += 1;
        return out;
    };
    EXPECT_NE(write_hdf5(folder / "b.h5", nullptr, scenes, planes).contents, first);
}

TEST(Hdf5Labels, FailuresOfTheReaderLeaveNothing) {
    const TempDir folder;
    const std::vector<Hdf5Scene> scenes{test::block_scene("", 40, 8, 8, false)};
    Hdf5Planes planes = all_planes(scenes);
    planes.read = [&](const Hdf5Frame& frame) {
        if (frame.t == 30) throw Error(ErrorKind::input, "the spool of frame 30 is damaged");
        return test::block_labels(scenes[0], frame);
    };
    const auto action = [&] { write_hdf5(folder / "a.h5", nullptr, scenes, planes); };
    EXPECT_EQ(message_of(action), "the spool of frame 30 is damaged");
    EXPECT_EQ(files_in(folder), 0U);
}

TEST(Hdf5Labels, NothingIsThereBeforeCommit) {
    const TempDir folder;
    const std::vector<Hdf5Scene> scenes{test::block_scene("", 3, 8, 8, false)};
    {
        Hdf5Writer writer(folder / "a.h5", nullptr);
        writer.write(scenes, all_planes(scenes));
        EXPECT_FALSE(fs::exists(folder / "a.h5"));
        EXPECT_EQ(files_in(folder), 1U);
    }
    EXPECT_EQ(files_in(folder), 0U);
    const auto nowhere = [&] { write(folder / "no" / "a.h5", scenes); };
    EXPECT_TRUE(
        has(message_of(nowhere), (folder / "no" / "a.h5").string() + ": cannot be created"));
}

TEST(Hdf5Labels, PromisesOfTheCaller) {
    const TempDir folder;
    const fs::path path = folder / "a.h5";
    std::vector<Hdf5Scene> scenes{test::block_scene("", 3, 8, 8, false)};
    Hdf5Planes planes = all_planes(scenes);
    planes.frames.pop_back();
    EXPECT_THROW(write_hdf5(path, nullptr, scenes, planes), InternalError);
    planes.frames = {{0, 0}, {0, 2}, {0, 2}};
    EXPECT_THROW(write_hdf5(path, nullptr, scenes, planes), InternalError);
    planes.frames = {{0, 0}, {0, 2}, {0, 1}};
    EXPECT_THROW(write_hdf5(path, nullptr, scenes, planes), InternalError);
    planes.frames = {{0, 0}, {0, 2}, {0, 3}};
    EXPECT_THROW(write_hdf5(path, nullptr, scenes, planes), InternalError);
    scenes.push_back(scenes[0]);
    EXPECT_THROW(write(path, scenes), InternalError);
    scenes.pop_back();
    scenes[0].provenance.emplace_back("format", "mine");
    EXPECT_THROW(write(path, scenes), InternalError);
    EXPECT_EQ(files_in(folder), 0U);
}

// A writer that dies between flushes: HDF5 opens what it leaves, and the flushed frames are there.
TEST(Hdf5Labels, AKilledWriterLeavesAReadableFile) {
    const TempDir folder;
    const std::vector<Hdf5Scene> scenes{test::block_scene("", 40, 30, 30, false)};
    Hdf5Planes planes = all_planes(scenes);
    planes.read = [&](const Hdf5Frame& frame) {
        if (frame.t == 36) kill(getpid(), SIGKILL);
        return test::block_labels(scenes[0], frame);
    };
    const pid_t child = fork();
    if (child == 0) {
        write_hdf5(folder / "a.h5", nullptr, scenes, planes);
        _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    ASSERT_EQ(files_in(folder), 1U);
    const fs::path left = fs::directory_iterator(folder.path())->path();
    const auto pixels = test::read_plain(left, "/labels").pixels;
    const auto expected = expected_pixels(scenes, 0);
    EXPECT_TRUE(std::equal(pixels.begin(), pixels.begin() + 32L * 30 * 30, expected.begin()));
    EXPECT_NE(message_of([&] { verify_hdf5(left); }), "");
}

}  // namespace
}  // namespace cytofleet
