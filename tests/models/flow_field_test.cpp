// Frames that share batches get the numbers they get alone.
#include "models/cellpose/flow_field.hpp"

#include <span>
#include <vector>

#include <gtest/gtest.h>

#include "backend/cpu/cpu_ops.hpp"
#include "kernels/planes.hpp"
#include "models/golden_model.hpp"

namespace cytofleet {
namespace {

/// Two of one tile size, one of another, again the first.
constexpr Extent extents[] = {{40, 300}, {40, 250}, {60, 70}, {40, 300}};

std::vector<PreparedFrame> frames_of(std::span<const Extent> wanted, std::uint32_t seed,
                                     const CellposeSettings& settings) {
    std::vector<PreparedFrame> out;
    out.reserve(wanted.size());
    for (const Extent extent : wanted)
        out.push_back(prepare_frame({1}, test::random_floats(2 * extent.pixels(), seed++), 2,
                                    extent, Scale::wide(30, 27), settings));
    return out;
}

TEST(FlowField, NeighboursBatchAndThreadsDoNotShow) {
    const Weights weights = test::weights_of("cyto_tiny");
    CellposeSettings settings;
    FrameTimes times;
    std::vector<FlowField> alone;
    CpNet net(make_cpu_ops(1), weights);
    for (std::uint32_t i = 0; i < std::size(extents); ++i)
        alone.push_back(std::move(
            compute_flows({1}, net, frames_of(std::span(extents).subspan(i, 1), 50 + i, settings),
                          settings, times)
                .at(0)));
    struct Run {
        std::int64_t batch;
        int threads;
    };
    for (const auto& [batch, threads] : {Run{1, 1}, Run{3, 3}, Run{100, 2}}) {
        SCOPED_TRACE(testing::Message() << batch << " tiles, " << threads << " threads");
        settings.batch_size = batch;
        CpNet pooled(make_cpu_ops(threads), weights);
        const auto got =
            compute_flows({threads}, pooled, frames_of(extents, 50, settings), settings, times);
        ASSERT_EQ(got.size(), alone.size());
        for (std::size_t i = 0; i < got.size(); ++i) {
            EXPECT_TRUE(test::same_bits(got[i].values, alone[i].values)) << "frame " << i;
            EXPECT_TRUE(test::same_bits(got[i].style, alone[i].style)) << "frame " << i;
        }
    }
}

}  // namespace
}  // namespace cytofleet
