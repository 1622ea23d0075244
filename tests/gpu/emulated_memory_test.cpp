// What happens when a device's memory runs out; only the emulation can be told how much it has.
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "backend/cuda/cuda_ops.hpp"
#include "base/error.hpp"
#include "gpu/emulation/memory_limit.hpp"
#include "gpu/emulation/replays.hpp"
#include "gpu/test_kernels.hpp"
#include "gpu/tile_rig.hpp"
#include "gpu/tiny_segmenter.hpp"
#include "models/cellpose/cellpose.hpp"
#include "models/cellpose/cuda/device_segmenter.hpp"
#include "models/golden_model.hpp"

namespace cytofleet {
namespace {

Image ramp(std::int64_t height, std::int64_t width) {
    Image out{PixelType::u8, height, width, {}};
    for (std::int64_t i = 0; i < height * width; ++i)
        out.bytes.push_back(static_cast<std::byte>(i * 7919 / 64 % 256));
    return out;
}

/// A few steps, the rest as Cellpose has it.
MaskOptions few_steps() {
    MaskOptions out;
    out.niter = 5;
    out.cellprob_threshold = -100;
    return out;
}

TEST(DeviceMemory, ABatchThatDoesNotFitIsHalvedUntilItDoes) {
    const Image frame = ramp(32, 24);
    const std::vector<const Image*> planes(6, &frame);
    test::TinySegmenter wanted(1, few_steps());
    const auto expected = wanted.segmenter->segment(planes);
    test::TinySegmenter setup(8, few_steps());
    std::vector<std::string> notes;
    {
        const test::MemoryLimit limit(std::size_t{1500} * 1000);
        const auto got = setup.segmenter->segment(planes);
        notes = setup.segmenter->notes();
        for (std::size_t i = 0; i < planes.size(); ++i) {
            EXPECT_EQ(got[i].failure, "");
            EXPECT_TRUE(got[i].labels.labels == expected[i].labels.labels) << i;
        }
        // Said once; what fits now goes on fitting.
        EXPECT_TRUE(setup.segmenter->notes().empty());
        setup.segmenter->segment(planes);
        EXPECT_TRUE(setup.segmenter->notes().empty());
    }
    ASSERT_FALSE(notes.empty());
    for (const std::string& note : notes) EXPECT_NE(note.find("GPU memory"), std::string::npos);
}

TEST(DeviceMemory, AFrameThatNeverFitsIsAnErrorThatSaysWhatToDo) {
    const Image frame = ramp(32, 24);
    const std::vector<const Image*> planes{&frame};
    test::TinySegmenter setup(2, few_steps());
    {
        const test::MemoryLimit limit(2000);
        try {
            setup.segmenter->segment(planes);
            ADD_FAILURE() << "no error";
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::environment);
            EXPECT_NE(std::string(error.what()).find("--device cpu"), std::string::npos);
        }
    }
    // With memory again it goes on.
    EXPECT_EQ(setup.segmenter->segment(planes).at(0).failure, "");
}

TEST(DeviceMemory, FrameAfterFrameIsReplayedAndAllocatesNothing) {
    const Image frame = ramp(32, 24);
    const std::vector<const Image*> planes(4, &frame);
    test::TinySegmenter rig(2, few_steps());
    const auto first = rig.segmenter->segment(planes);
    rig.segmenter->segment(planes);
    const std::int64_t before = test::replays();
    const test::MemoryLimit nothing(0);
    const auto again = rig.segmenter->segment(planes);
    EXPECT_TRUE(rig.segmenter->notes().empty());
    // Two batches of the network and four mask stages.
    EXPECT_EQ(test::replays(), before + 6);
    for (std::size_t i = 0; i < planes.size(); ++i)
        EXPECT_TRUE(again[i].labels.labels == first[i].labels.labels) << i;
}

/// What is said before a run starts.
TEST(DeviceMemory, ACallTakesWhatItIsEstimatedToTake) {
    struct Case {
        std::int64_t side;
        std::size_t frames;
        std::int64_t batch;
    };
    for (const Case& each :
         {Case{16, 1, 1}, {16, 6, 8}, {64, 3, 2}, {96, 1, 8}, {230, 1, 4}, {16, 9, 8}}) {
        SCOPED_TRACE(testing::Message() << each.side << ", batch " << each.batch);
        const Image frame = ramp(each.side, each.side);
        const std::vector<const Image*> planes(each.frames, &frame);
        const test::MemoryPeak peak;
        test::TinySegmenter rig(each.batch, few_steps());
        rig.segmenter->segment(planes);
        const auto estimate = static_cast<double>(rig.segmenter->gpu_bytes_of_call(
            each.side, each.side, static_cast<std::int64_t>(each.frames)));
        const auto taken = static_cast<double>(peak.bytes());
        EXPECT_GE(estimate, taken);
        EXPECT_LE(estimate, 1.5 * taken);
    }
}

/// Where memory runs out at the first run of another number of tiles, what is kept for the next run
/// is freed. No record of it may be started after that.
TEST(DeviceMemory, ANewNumberOfTilesInFullMemoryLeavesNoRecordOfMemoryThatIsFreed) {
    test::TileRig rig(8);
    for (int i = 0; i < 3; ++i) rig.ask(8, 1);
    const auto wanted = test::TileRig(8).ask(8, 5);
    const auto wanted_of_two = test::TileRig(8).ask(2, 6);
    const test::MemoryLimit nothing_more(0);
    const std::int64_t before = test::replays();
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(test::same_bits(rig.ask(2, 6), wanted_of_two));
        EXPECT_TRUE(test::same_bits(rig.ask(8, 5), wanted));
    }
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(test::same_bits(rig.ask(8, 5), wanted));
    EXPECT_GT(test::replays(), before);
}

/// Device and page-locked memory refused at each place in turn, of an engine that is new and of one
/// that has records. One refusal halves a batch; a batch of one tile has nothing to halve.
TEST(DeviceMemory, WhereverItIsRefusedTheNextCallIsAsIfNothingHadBeen) {
    using test::TinySegmenter;
    const Image first = test::noise_frame(1);
    const Image second = test::noise_frame(2);
    const std::vector<const Image*> one{&first, &first};
    const std::vector<const Image*> other{&second};
    const auto wanted_of_one = TinySegmenter(1)(one);
    const auto wanted_of_other = TinySegmenter(1)(other);
    ASSERT_NE(wanted_of_one.front(), wanted_of_other.front());
    for (const std::int64_t batch : {1, 2})
        for (const bool fresh : {true, false}) {
            SCOPED_TRACE(testing::Message() << batch << (fresh ? ", fresh" : ", not fresh"));
            std::int64_t k = 0;
            for (bool happened = true; happened; ++k) {
                TinySegmenter segmenter(batch);
                for (int i = 0; !fresh && i < 2; ++i) segmenter(other);
                {
                    const test::FailingAllocation failing(k);
                    try {
                        EXPECT_EQ(segmenter(one), wanted_of_one) << k;
                    } catch (const Error& error) {
                        EXPECT_EQ(error.kind(), ErrorKind::environment);
                        EXPECT_EQ(batch, 1);
                    }
                    happened = failing.happened();
                }
                EXPECT_EQ(segmenter(other), wanted_of_other) << k;
            }
            EXPECT_GT(k, fresh ? 10 : 2);
        }
}

}  // namespace
}  // namespace cytofleet
