// The whole mask stage on the device against Python's masks and the CPU's, bit for bit.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "kernels/support/streams.hpp"
#include "models/cellpose/cuda/mask_stage.hpp"
#include "models/cellpose/masks.hpp"
#include "models/golden_model.hpp"
#include "support/golden.hpp"
#include "support/numbers.hpp"

namespace cytofleet {
namespace {

constexpr Exec two_threads{2};

struct Masks {
    std::vector<std::uint32_t> labels;
    cuda::MaskReport report;
};

Masks on_device(cuda::MaskStage& stage, const std::vector<float>& flows) {
    const cuda::OwnStream own;
    const cuda::Stream stream = own.get();
    const cuda::DeviceArray<float> there(stream, std::span(flows));
    stage.run(stream, there.data());
    Masks out;
    out.labels.resize(static_cast<std::size_t>(stage.frame().pixels()));
    cuda::copy_down(stream, out.labels.data(), stage.labels(), out.labels.size() * 4);
    cuda::copy_down(stream, &out.report, stage.report(), sizeof(out.report));
    cuda::synchronize(stream);
    return out;
}

void expect_cpu(cuda::MaskStage& stage, const std::vector<float>& flows,
                const MaskOptions& options) {
    const Masks got = on_device(stage, flows);
    const LabelImage wanted =
        compute_masks(two_threads, flows, stage.grid(), stage.frame(), options);
    EXPECT_TRUE(got.labels == wanted.labels);
    EXPECT_EQ(got.report.largest, wanted.largest);
    EXPECT_EQ(got.report.cells, wanted.cells);
    EXPECT_EQ(got.report.at_edge, 0U);
}

/// Flows toward the middles of cells on a grid, with some noise: (3, extent).
std::vector<float> cells(Extent extent, std::int64_t pitch, std::uint32_t seed) {
    const auto noise = test::random_floats(2 * extent.pixels(), seed);
    std::vector<float> out(static_cast<std::size_t>(3 * extent.pixels()));
    for (std::int64_t y = 0; y < extent.height; ++y)
        for (std::int64_t x = 0; x < extent.width; ++x) {
            const auto at = static_cast<std::size_t>(y * extent.width + x);
            const auto all = static_cast<std::size_t>(extent.pixels());
            const auto off = [pitch](std::int64_t v) {
                return static_cast<float>(v % pitch) - static_cast<float>(pitch) / 2;
            };
            const float dy = off(y);
            const float dx = off(x);
            const auto inside = static_cast<float>(pitch) * 0.4F - std::sqrt(dy * dy + dx * dx);
            out[at] = -dy + noise[at];
            out[all + at] = -dx + noise[all + at];
            out[2 * all + at] = inside;
        }
    return out;
}

TEST(MaskStageTwin, EveryGoldenStage) {
    int compared = 0;
    for (const test::Case& golden : test::cases("stages")) {
        if (!golden.has("dP") || !golden.has("cellprob")) continue;
        SCOPED_TRACE(golden.name);
        const test::Npy dp = golden.array("dP");
        const Extent grid{dp.shape.at(1), dp.shape.at(2)};
        std::vector<float> flows = dp.floats();
        std::ranges::copy(golden.array("cellprob").floats(), std::back_inserter(flows));
        for (const Variant variant : test::variants) {
            const std::string name = "masks_" + test::suffix_of(variant);
            if (!golden.has(name)) continue;
            const test::Npy wanted = golden.array(name);
            const Extent frame{wanted.shape.at(0), wanted.shape.at(1)};
            const MaskOptions options = test::settings_of(golden, variant).masks;
            cuda::MaskStage stage(grid, frame, options);
            EXPECT_TRUE(on_device(stage, flows).labels == wanted.labels()) << name;
            ++compared;
        }
    }
    EXPECT_GE(compared, 6);
}

TEST(MaskStageTwin, OneStageForFrameAfterFrame) {
    const Extent extent{70, 61};
    for (const Variant variant : test::variants) {
        MaskOptions options;
        options.variant = variant;
        options.niter = 40;
        cuda::MaskStage stage(extent, extent, options);
        for (const std::int64_t pitch : {14, 9, 23})
            expect_cpu(stage, cells(extent, pitch, static_cast<std::uint32_t>(pitch)), options);
        // Nothing of the frames before is left.
        expect_cpu(stage, std::vector<float>(static_cast<std::size_t>(3 * extent.pixels()), -1.0F),
                   options);
    }
}

TEST(MaskStageTwin, OptionsAndOtherSizes) {
    const Extent grid{48, 40};
    const std::vector<float> flows = cells(grid, 12, 3);
    for (const Extent frame : {grid, Extent{96, 80}, Extent{31, 33}})
        for (const double flow_threshold : {0.0, 0.4})
            for (const std::int64_t min_size : {-1, 15, 60})
                for (const bool interpolate : {false, true}) {
                    MaskOptions options;
                    options.niter = 30;
                    options.flow_threshold = flow_threshold;
                    options.min_size = min_size;
                    options.interpolate = interpolate;
                    SCOPED_TRACE(std::to_string(frame.height) + ' ' + std::to_string(min_size));
                    cuda::MaskStage stage(grid, frame, options);
                    expect_cpu(stage, flows, options);
                }
}

TEST(MaskStageTwin, TheRecordOfAFrameServesTheNext) {
    const Extent extent{50, 44};
    MaskOptions options;
    options.niter = 30;
    cuda::MaskStage stage(extent, extent, options);
    const cuda::OwnStream stream;
    cuda::DeviceArray<float> there(static_cast<std::size_t>(3 * extent.pixels()));
    for (const std::int64_t pitch : {14, 9, 23, 11}) {
        const std::vector<float> flows = cells(extent, pitch, 5);
        cuda::copy_up(stream.get(), there.data(), flows.data(), flows.size() * sizeof(float));
        stage.run(stream.get(), there.data());
        std::vector<std::uint32_t> labels(static_cast<std::size_t>(extent.pixels()));
        cuda::copy_down(stream.get(), labels.data(), stage.labels(), labels.size() * 4);
        cuda::synchronize(stream.get());
        EXPECT_TRUE(labels == compute_masks(two_threads, flows, extent, extent, options).labels)
            << pitch;
    }
}

TEST(MaskStageTwin, FramesOfAFewPixels) {
    for (const Extent extent : {Extent{1, 1}, Extent{1, 9}, Extent{3, 2}, Extent{4, 5}}) {
        MaskOptions options;
        options.niter = 5;
        options.max_size_fraction = 1;
        options.min_size = 1;
        cuda::MaskStage stage(extent, extent, options);
        std::vector<float> flows(static_cast<std::size_t>(3 * extent.pixels()), 0.5F);
        expect_cpu(stage, flows, options);
    }
}

TEST(MaskStageTwin, FlowsThatAreNoNumbersAreReported) {
    const Extent extent{40, 40};
    std::vector<float> flows = cells(extent, 20, 1);
    for (std::size_t i = 0; i < 2 * static_cast<std::size_t>(extent.pixels()); ++i)
        flows[i] = std::numeric_limits<float>::quiet_NaN();
    MaskOptions options;
    cuda::MaskStage stage(extent, extent, options);
    EXPECT_EQ(on_device(stage, flows).report.at_edge, 1U);
    EXPECT_THROW(compute_masks(two_threads, flows, extent, extent, options), Error);
    // The next frame is as if nothing had been.
    expect_cpu(stage, cells(extent, 20, 1), options);
}

TEST(MaskStageTwin, SizesThatCannotBe) {
    EXPECT_THROW(cuda::MaskStage({0, 5}, {0, 5}, {}), Error);
    EXPECT_THROW(cuda::MaskStage({1 << 20, 1 << 20}, {1 << 20, 1 << 20}, {}), Error);
}

}  // namespace
}  // namespace cytofleet
