// What verify finds: changes, cut files, flipped bytes.
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "io/hdf5/hdf5_labels.hpp"
#include "io/hdf5_scenes.hpp"
#include "io/plain_hdf5.hpp"
#include "support/files.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;
using test::TempDir;

void write(const fs::path& path, const std::vector<Hdf5Scene>& scenes) {
    write_hdf5(path, nullptr, scenes,
               {test::done_frames(scenes, 0, 1), [&](const Hdf5Frame& frame) {
                    return test::block_labels(scenes[frame.scene], frame);
                }});
}

void expect_problem(const fs::path& path, const std::string& part) {
    std::string all;
    for (const auto& line : verify_hdf5(path).problems) {
        EXPECT_EQ(line.find(path.string() + ": "), 0U) << line;
        all += line + "\n";
    }
    EXPECT_NE(all.find(part), std::string::npos) << all;
}

void expect_refused(const fs::path& path, const std::string& part) {
    try {
        verify_hdf5(path);
        ADD_FAILURE() << path << " is taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::input);
        EXPECT_EQ(std::string(error.what()).find(path.string() + ": "), 0U) << error.what();
        EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
}

TEST(Hdf5Verify, FindsWhatWasChanged) {
    const TempDir folder;
    const fs::path path = folder / "a.h5";
    const std::vector<Hdf5Scene> scenes{test::block_scene("", 5, 20, 30, false)};
    const auto changed = [&](const std::string& dataset, const std::vector<std::uint64_t>& place,
                             std::uint64_t value) {
        write(path, scenes);
        test::change_plain(path, dataset, place, value);
    };
    changed("/labels", {2, 3, 4}, 7);
    expect_problem(path, "frame 2 differs from its checksum");
    changed("/labels", {1, 0, 0}, 7);
    expect_problem(path, "frame 1 differs from its checksum");
    changed("/planes/checksum", {4}, 7);
    expect_problem(path, "frame 4 differs from its checksum");
    changed("/planes/cells", {2}, 25);
    expect_problem(path, "frame 2 has 24 cells, 25 are recorded");
    changed("/planes/status", {0}, 1);
    expect_problem(path, "frame 0 has labels, but was not done");
    changed("/planes/status", {1}, 0);
    expect_problem(path, "what it says about its planes is not what was written");
    changed("/planes/status", {1}, 2);
    expect_problem(path, "what it says about its planes is not what was written");
    changed("/planes/status", {1}, 9);
    expect_refused(path, "unknown numbers");
}

TEST(Hdf5Verify, NamesTheSceneOfACollection) {
    const TempDir folder;
    const fs::path path = folder / "all.h5";
    write(path,
          {test::block_scene("one", 3, 9, 9, false), test::block_scene("two", 3, 9, 9, false)});
    test::change_plain(path, "/two/labels", {2, 0, 0}, 9);
    expect_problem(path, "two: frame 2 differs from its checksum");
    EXPECT_EQ(verify_hdf5(path).problems.size(), 1U);
}

TEST(Hdf5Verify, RefusesOtherFiles) {
    const TempDir folder;
    expect_refused(folder / "none.h5", "No such file");
    expect_refused(folder.path(), "is no file");
    test::write_file(folder / "empty.h5", "");
    expect_refused(folder / "empty.h5", "is no HDF5 file");
    test::write_file(folder / "text.h5", std::string(1000, 'x'));
    expect_refused(folder / "text.h5", "is no HDF5 file");
    test::write_other_file(folder / "other.h5");
    expect_refused(folder / "other.h5", "no label file of this program");
}

enum class Verdict { found, harmless, silent, crashed, hung };

/// In a child process, for HDF5 may crash. Harmless: nothing was found, and every pixel is right.
Verdict judge(const fs::path& path, const std::vector<std::uint32_t>& expected) {
    const pid_t child = fork();
    if (child == 0) {
        alarm(30);
        int code = 10;
        try {
            if (verify_hdf5(path).problems.empty())
                code = test::read_plain(path, "/labels").pixels == expected ? 11 : 12;
        } catch (const Error&) {
            code = 10;
        } catch (...) {
            code = 13;
        }
        _exit(code);
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child) return Verdict::silent;
    if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGALRM ? Verdict::hung : Verdict::crashed;
    switch (WEXITSTATUS(status)) {
        case 10:
            return Verdict::found;
        case 11:
            return Verdict::harmless;
        case 12:
        case 13:
            return Verdict::silent;
        default:
            return Verdict::crashed;  // a sanitizer's exit code
    }
}

class Hdf5Damage : public testing::Test {
  protected:
    Hdf5Damage() {
        write(whole_, {test::block_scene("", 12, 40, 60, false)});
        bytes_ = test::read_file(whole_);
        expected_ = test::read_plain(whole_, "/labels").pixels;
    }
    void try_bytes(const std::string& bytes, const std::string& what) {
        test::write_file(folder_ / "damaged.h5", bytes);
        const Verdict verdict = judge(folder_ / "damaged.h5", expected_);
        ++count_[verdict];
        EXPECT_NE(verdict, Verdict::silent) << what;
        EXPECT_NE(verdict, Verdict::hung) << what;
        // Known of HDF5 1.10: said, so that nobody takes it for harmless.
        if (verdict == Verdict::crashed) std::printf("HDF5 crashed: %s\n", what.c_str());
    }
    void tell() {
        std::printf("found %d, harmless %d, crashed %d\n", count_[Verdict::found],
                    count_[Verdict::harmless], count_[Verdict::crashed]);
        EXPECT_GT(count_[Verdict::found], 0);
    }

    TempDir folder_;
    fs::path whole_ = folder_ / "whole.h5";
    std::string bytes_;
    std::vector<std::uint32_t> expected_;
    std::map<Verdict, int> count_;
};

TEST_F(Hdf5Damage, FlippedBytesAreNeverTakenForLabels) {
    std::mt19937 random(1);
    for (int i = 0; i < 100; ++i) {
        std::string bytes = bytes_;
        // Two in three among the first bytes and in what HDF5 keeps for itself.
        const std::size_t at = i % 3 == 0 ? random() % bytes.size() : random() % 2048;
        bytes[at] = static_cast<char>(bytes[at] ^ static_cast<char>(1 + random() % 255));
        try_bytes(bytes, "byte " + std::to_string(at) + " flipped, number " + std::to_string(i));
    }
    tell();
}

TEST_F(Hdf5Damage, CutFilesAreRefused) {
    std::mt19937 random(2);
    for (int i = 0; i < 40; ++i) {
        const std::size_t end = i < 10 ? static_cast<std::size_t>(i) * 7 : random() % bytes_.size();
        try_bytes(bytes_.substr(0, end), "cut at " + std::to_string(end));
    }
    tell();
    EXPECT_EQ(count_[Verdict::found], 40);
    try_bytes(bytes_ + std::string(1000, 'x'), "longer than it was");
    EXPECT_EQ(count_[Verdict::harmless], 1);
}

}  // namespace
}  // namespace cytofleet
