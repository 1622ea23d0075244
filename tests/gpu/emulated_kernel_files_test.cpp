// Compiled kernels on disk: what is taken and what is not.
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "backend/cuda/described_device.hpp"
#include "backend/cuda/kernel_cache_text.hpp"
#include "backend/cuda/kernel_files.hpp"
#include "support/files.hpp"

namespace cytofleet::cuda {
namespace {

namespace fs = std::filesystem;

const KernelRecord record{{7, {{24, 27}, {3, -1}}}, std::string("{\"kernel_cache\":[1,\n2]}")};
const std::string key = "cuDNN 91900; sm 900; n 16, 32 to 32 channels; bias";

class KernelFilesTest : public testing::Test {
  protected:
    std::string bytes() const {
        std::ifstream in(only_file(), std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    void put(const std::string& bytes) const {
        std::ofstream(only_file(), std::ios::binary | std::ios::trunc) << bytes;
    }
    fs::path only_file() const {
        for (const auto& entry : fs::directory_iterator(files.folder())) return entry.path();
        return {};
    }
    /// Not taken, and for a reason that is told.
    void expect_refused(const std::string& why) const {
        std::string problem;
        EXPECT_FALSE(files.read(key, problem).has_value());
        EXPECT_NE(problem.find(why), std::string::npos) << problem;
    }

    test::TempDir temporary;
    KernelFiles files{temporary.path() / "cache" / "kernels"};
};

TEST_F(KernelFilesTest, GiveBackWhatWasKept) {
    std::string problem = "old";
    EXPECT_FALSE(files.read(key, problem).has_value());
    EXPECT_EQ(problem, "");
    ASSERT_EQ(files.write(key, record), "");
    const auto back = files.read(key, problem);
    ASSERT_TRUE(back.has_value()) << problem;
    EXPECT_EQ(back->choice.engine, 7);
    EXPECT_EQ(back->choice.knobs, record.choice.knobs);
    EXPECT_EQ(back->cache, record.cache);
    EXPECT_FALSE(files.read(key + " of another", problem).has_value());
    EXPECT_EQ(std::distance(fs::directory_iterator(files.folder()), fs::directory_iterator()), 1)
        << "nothing temporary is left";
}

TEST_F(KernelFilesTest, EveryDamageShows) {
    ASSERT_EQ(files.write(key, record), "");
    const std::string sound = bytes();
    for (std::size_t i = 0; i < sound.size(); ++i) {
        std::string damaged = sound;
        damaged[i] = static_cast<char>(damaged[i] ^ 1);
        put(damaged);
        expect_refused("damaged");
        put(sound.substr(0, i));
        expect_refused("damaged");
    }
    put(sound);
    std::string problem;
    EXPECT_TRUE(files.read(key, problem).has_value());
}

TEST_F(KernelFilesTest, OthersFilesAreNotTaken) {
    ASSERT_EQ(files.write(key, record), "");
    const fs::path file = only_file();
    ASSERT_EQ(::chmod(file.c_str(), 0664), 0);
    expect_refused("written by others");
    ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
    if (::geteuid() == 0) {
        ASSERT_EQ(::chown(file.c_str(), 12345, 12345), 0);
        expect_refused("belongs to user 12345");
        // Who owns the folder is whom the user chose to trust.
        ASSERT_EQ(::chown(files.folder().c_str(), 12345, 12345), 0);
        std::string problem;
        EXPECT_TRUE(files.read(key, problem).has_value()) << problem;
    }
}

TEST_F(KernelFilesTest, LinksPipesFoldersAndHugeFilesAreNotTaken) {
    ASSERT_EQ(files.write(key, record), "");
    const fs::path file = only_file();
    const fs::path moved = temporary.path() / "elsewhere";
    fs::rename(file, moved);
    fs::create_symlink(moved, file);
    expect_refused("");
    fs::remove(file);
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    expect_refused("is no file");
    fs::remove(file);
    fs::create_directory(file);
    expect_refused("is no file");
    fs::remove(file);
    fs::rename(moved, file);
    ASSERT_EQ(::truncate(file.c_str(), off_t{1} << 40), 0);
    expect_refused("too large");
}

TEST_F(KernelFilesTest, WhereNothingCanBeKeptTheReasonIsTold) {
    const test::TempDir other;
    std::ofstream(other.path() / "file") << "x";
    EXPECT_NE(KernelFiles(other.path() / "file" / "kernels").write(key, record), "");
    EXPECT_NE(KernelFiles({}).write(key, record), "");
}

TEST_F(KernelFilesTest, OnlyOneCompilesAndNobodyWaitsForEver) {
    using Clock = std::chrono::steady_clock;
    const KernelLock first(files, std::chrono::seconds{10});
    const auto begin = Clock::now();
    const KernelLock second(files, std::chrono::milliseconds{200});
    const auto waited = Clock::now() - begin;
    EXPECT_GE(waited, std::chrono::milliseconds{200}) << "the first one has it";
    EXPECT_LT(waited, std::chrono::seconds{8});
}

TEST_F(KernelFilesTest, TheLockGoesWithItsOwner) {
    using Clock = std::chrono::steady_clock;
    { const KernelLock first(files, std::chrono::seconds{10}); }
    const auto begin = Clock::now();
    const KernelLock second(files, std::chrono::seconds{10});
    EXPECT_LT(Clock::now() - begin, std::chrono::seconds{5});
}

TEST(KernelCacheText, GetsAsManyKnobsAgainAsItHas) {
    EXPECT_EQ(
        with_spare_knobs(R"({"key":{"knobChoices":{"CUDNN_KNOB_TYPE_KERNEL_CFG":27}},"v":1})"),
        R"({"key":{"knobChoices":{"CUDNN_KNOB_TYPE_KERNEL_CFG":27,)"
        R"("CUDNN_KNOB_TYPE_SWIZZLE":0}},"v":1})");
    EXPECT_EQ(with_spare_knobs(R"({"knobChoices":{"CUDNN_KNOB_TYPE_SWIZZLE":1,"B":2}},)"
                               R"({"knobChoices":{"B":2}})"),
              R"({"knobChoices":{"CUDNN_KNOB_TYPE_SWIZZLE":1,"B":2,"CUDNN_KNOB_TYPE_TILE_SIZE":0,)"
              R"("CUDNN_KNOB_TYPE_EDGE":0}},)"
              R"({"knobChoices":{"B":2,"CUDNN_KNOB_TYPE_SWIZZLE":0}})");
    for (const std::string untouched :
         {R"({"knobChoices":{}})", R"({"knobChoices":{"A":1)", "", "{}"})
        EXPECT_EQ(with_spare_knobs(untouched), untouched);
}

TEST(DescribedDevice, KindLeavesOutWhatDiffersBetweenLikeDevices) {
    EXPECT_EQ(device_kind(device_description("h100")), device_kind(device_description("h200")));
    EXPECT_NE(device_kind(device_description("h100")), device_kind(device_description("a100")));
    EXPECT_EQ(device_kind(R"({"deviceVer":900,"multiProcessorCount" : 132,
                             "maxSharedMemoryPerBlockOptin": 232448})"),
              device_kind(device_description("h200")));
    EXPECT_EQ(device_kind(R"({"deviceVer": 900})"), "");
    EXPECT_EQ(device_kind(""), "");
    EXPECT_EQ(device_description("h1000"), "");
}

}  // namespace
}  // namespace cytofleet::cuda
