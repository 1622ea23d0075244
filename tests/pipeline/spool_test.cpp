// Planes in a spool: what is not as it was written, or not as it was told, is no plane.
#include "pipeline/spool.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support/files.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

class SpoolOfThreeCells : public testing::Test {
  protected:
    SpoolOfThreeCells() {
        LabelImage labels{4, 5, {}, 3, 3};
        for (std::uint32_t i = 0; i < 20; ++i) labels.labels.push_back(i % 4);
        Spool spool(path_, 0);
        spool.append(encode_plane(labels), record_);
        spool.sync();
        record_.cells = record_.largest = 3;
    }
    /// As if another user had written it.
    void give_away() {
        if (geteuid() == 0)
            ASSERT_EQ(chown(path_.c_str(), 4002, 4002), 0);
        else
            owners_.self = this_user() + 1;
        owners_.everybody = true;
    }
    EncodedPlane read(std::int64_t height = 4, std::int64_t width = 5) {
        return read_spooled(path_, record_, height, width, owners_);
    }

    test::TempDir folder_;
    fs::path path_ = folder_ / "a-0.spool";
    FrameRecord record_;
    Owners owners_;
};

TEST_F(SpoolOfThreeCells, IsReadBack) {
    EXPECT_EQ(decode_plane(read()).cells, 3U);
}

TEST_F(SpoolOfThreeCells, APlaneOfAnotherSizeIsRefused) {
    EXPECT_THROW(read(5, 4), Error);
    EXPECT_THROW(read(4, 6), Error);
}

TEST_F(SpoolOfThreeCells, ALengthThatNoPlaneHasTakesNoMemory) {
    ASSERT_EQ(truncate(path_.c_str(), off_t{1} << 40), 0);
    record_.length = std::uint64_t{1} << 39;
    EXPECT_THROW(read(), Error);
}

TEST_F(SpoolOfThreeCells, AnothersPlaneIsCountedAgain) {
    give_away();
    EXPECT_NO_THROW(read());
    record_.cells = 40000;
    EXPECT_THROW(read(), Error);
}

TEST_F(SpoolOfThreeCells, AnothersSpoolIsRefusedUnlessShared) {
    give_away();
    owners_.everybody = false;
    try {
        read();
        FAIL() << "read";
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("belongs to"), std::string::npos);
    }
}

TEST_F(SpoolOfThreeCells, WhatIsNoFileIsRefused) {
    fs::rename(path_, folder_ / "elsewhere");
    fs::create_symlink("elsewhere", path_);
    EXPECT_THROW(read(), Error);
    fs::remove(path_);
    ASSERT_EQ(mkfifo(path_.c_str(), 0666), 0);
    EXPECT_THROW(read(), Error);
    fs::remove(path_);
    EXPECT_THROW(read(), Error);
}

}  // namespace
}  // namespace cytofleet
