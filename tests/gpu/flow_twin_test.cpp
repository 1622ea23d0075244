// The device's flow following against the CPU twin, bit for bit.
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "gpu/orders.hpp"
#include "kernels/flow/flow.hpp"
#include "kernels/flow/flow_cuda.hpp"
#include "kernels/seeds/seeds.hpp"
#include "support/golden.hpp"

namespace cytofleet {
namespace {

constexpr Stepping steppings[] = {Stepping::cpu, Stepping::cuda, Stepping::nearest};

/// Flows (2, height, width), then logits (height, width).
struct Field {
    std::int64_t height;
    std::int64_t width;
    std::vector<float> values;
    std::span<const float> flows() const { return std::span(values).first(2 * pixels()); }
    std::span<const float> logits() const { return std::span(values).subspan(2 * pixels()); }
    std::size_t pixels() const { return static_cast<std::size_t>(height * width); }
};

Field random_field(std::int64_t height, std::int64_t width, unsigned seed) {
    Field out{height, width, {}};
    out.values.resize(3 * out.pixels());
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, 5);
    for (float& value : out.values) value = normal(random);
    return out;
}

void expect_twins(const Field& field, std::int64_t steps, float threshold) {
    for (const Stepping stepping : steppings) {
        SCOPED_TRACE(static_cast<int>(stepping));
        const Exec exec{1};
        const StepField wanted(exec, field.flows(), field.logits(), field.height, field.width,
                               threshold, stepping);
        const auto pixels =
            foreground_pixels(exec, field.logits(), field.height, field.width, threshold);
        std::vector<Point> ends(pixels.size());
        follow_flow(exec, wanted, pixels, steps, ends);
        const EndCounts counts = count_ends(ends, field.height, field.width);
        std::vector<std::uint32_t> bins(field.pixels(), cuda::no_bin);
        for (std::size_t i = 0; i < pixels.size(); ++i)
            bins[pixels[i]] = static_cast<std::uint32_t>(counts.bin(ends[i]));

        const cuda::Stream stream = nullptr;
        const cuda::DeviceArray<float> values(stream, std::span(field.values));
        cuda::DeviceArray<float> steps_there(
            static_cast<std::size_t>(2 * (field.height + 2) * (field.width + 2)));
        const float* logits = values.data() + 2 * field.pixels();
        cuda::make_step_field(stream, values.data(), logits, field.height, field.width, threshold,
                              stepping, steps_there.data());
        cuda::DeviceArray<std::uint32_t> bins_there(field.pixels());
        cuda::DeviceArray<std::uint32_t> counts_there(counts.count.size());
        counts_there.zero(stream);
        cuda::follow_flow(stream, {steps_there.data(), field.height, field.width}, stepping, logits,
                          threshold, steps, bins_there.data(), counts_there.data());
        EXPECT_TRUE(bins_there.read(stream) == bins);
        EXPECT_TRUE(counts_there.read(stream) == counts.count);
    }
}

TEST(FlowTwin, OddSizesAndAnyNumberOfSteps) {
    for (const auto& [height, width] :
         {std::pair{1L, 1L}, {1L, 40L}, {33L, 1L}, {9L, 33L}, {41L, 67L}})
        for (const std::int64_t steps : {0, 1, 2, 7, 60}) {
            SCOPED_TRACE(testing::Message() << height << " x " << width << ", " << steps);
            const Field field = random_field(height, width, 7);
            test::in_every_order([&] { expect_twins(field, steps, 0.0F); });
        }
}

TEST(FlowTwin, PointsThatGoToAndFroOrAreNoNumbers) {
    Field field = random_field(8, 8, 3);
    std::fill(field.values.begin(), field.values.end(), 0.0F);
    const std::size_t pixels = field.pixels();
    for (std::size_t i = 0; i < pixels; ++i) {
        // Right on even columns, left on odd ones: with truncated cells a cycle of two.
        field.values[pixels + i] = i % 2 == 0 ? 5.0F : -5.0F;
        field.values[2 * pixels + i] = 1.0F;
    }
    field.values[3] = std::numeric_limits<float>::quiet_NaN();
    field.values[20] = std::numeric_limits<float>::infinity();
    for (const std::int64_t steps : {5, 6, 100, 101})
        test::in_every_order([&] { expect_twins(field, steps, 0.0F); });
}

TEST(FlowTwin, EveryGoldenField) {
    std::size_t fields = 0;
    for (const char* part : {"dynamics", "stages"})
        for (const test::Case& item : test::cases(part)) {
            if (!item.json.contains("files") || !item.has("dP")) continue;
            SCOPED_TRACE(item.name);
            const test::Npy flows = item.array("dP");
            Field field{flows.shape.at(1), flows.shape.at(2), flows.floats()};
            const auto logits = item.array("cellprob").floats();
            field.values.insert(field.values.end(), logits.begin(), logits.end());
            const auto& arguments = item.json.contains("kwargs") ? item.json["kwargs"] : item.json;
            expect_twins(field, 20, arguments.at("cellprob_threshold").get<float>());
            ++fields;
        }
    EXPECT_GT(fields, 5U);
}

}  // namespace
}  // namespace cytofleet
