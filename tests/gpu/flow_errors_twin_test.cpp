// The device's flow errors against the CPU twin, bit for bit.
#include <algorithm>
#include <bit>
#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "gpu/orders.hpp"
#include "kernels/labels/measure.hpp"
#include "kernels/labels/measure_cuda.hpp"
#include "kernels/qc/error_math.hpp"
#include "kernels/qc/flow_errors.hpp"
#include "kernels/qc/flow_errors_cuda.hpp"
#include "support/golden.hpp"

namespace cytofleet {
namespace {

constexpr Variant variants[] = {Variant::cpu, Variant::cuda};

struct Scene {
    std::int64_t height;
    std::int64_t width;
    std::vector<std::uint32_t> labels;
    std::vector<float> flows;

    Scene(std::int64_t rows, std::int64_t columns)
        : height(rows),
          width(columns),
          labels(static_cast<std::size_t>(height * width)),
          flows(2 * labels.size()) {
        std::mt19937 random(static_cast<unsigned>(17 * height + width));
        std::normal_distribution<float> normal(0, 5);
        for (float& value : flows) value = normal(random);
    }
    std::uint32_t& at(std::int64_t y, std::int64_t x) { return labels[y * width + x]; }
    void rectangle(std::uint32_t label, std::int64_t top, std::int64_t left, std::int64_t rows,
                   std::int64_t columns) {
        for (std::int64_t y = top; y < top + rows; ++y)
            for (std::int64_t x = left; x < left + columns; ++x) at(y, x) = label;
    }
    void ring(std::uint32_t label, std::int64_t y0, std::int64_t x0, std::int64_t inner,
              std::int64_t outer) {
        for (std::int64_t y = y0 - outer; y <= y0 + outer; ++y)
            for (std::int64_t x = x0 - outer; x <= x0 + outer; ++x) {
                const std::int64_t d2 = (y - y0) * (y - y0) + (x - x0) * (x - x0);
                if (d2 >= inner * inner && d2 <= outer * outer) at(y, x) = label;
            }
    }
};

/// A NaN is as good as another.
bool same_bits(double a, double b) {
    return (std::isnan(a) && std::isnan(b)) ||
           std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

/// The host's boxes as measure_labels makes them on a device.
std::vector<cuda::DeviceBox> device_boxes_of(const std::vector<LabelBox>& boxes) {
    std::vector<cuda::DeviceBox> out;
    for (const LabelBox& box : boxes)
        out.push_back({static_cast<std::int32_t>(box.top), static_cast<std::int32_t>(box.left),
                       static_cast<std::int32_t>(box.bottom), static_cast<std::int32_t>(box.right),
                       static_cast<std::int32_t>(box.first), static_cast<std::uint32_t>(box.size)});
    return out;
}

/// Returns what both sides say, without the labels in addition that only the device is asked for.
std::vector<double> expect_twins(const Scene& scene, Variant variant, std::uint32_t more = 0) {
    const Exec exec{1};
    const auto boxes = measure_labels(exec, scene.labels, scene.height, scene.width);
    const auto wanted =
        flow_errors(exec, scene.labels, scene.height, scene.width, boxes, scene.flows, variant);

    const cuda::Stream stream = nullptr;
    const cuda::DeviceArray<std::uint32_t> labels(stream, std::span(scene.labels));
    const cuda::DeviceArray<float> flows(stream, std::span(scene.flows));
    const auto largest = static_cast<std::uint32_t>(wanted.size());
    const cuda::DeviceArray<std::uint32_t> largest_there(stream, std::span(&largest, 1));
    const auto device_boxes = device_boxes_of(boxes);
    const cuda::DeviceArray<cuda::DeviceBox> boxes_there(stream, std::span(device_boxes));
    cuda::DeviceArray<std::byte> scratch(
        cuda::flow_errors_scratch_bytes(scene.height, scene.width));
    cuda::fill(stream, scratch.data(), 0x5A, scratch.size());
    cuda::DeviceArray<double> errors(largest + more);
    errors.zero(stream);
    cuda::flow_errors(stream, labels.data(), scene.height, scene.width, boxes_there.data(),
                      largest_there.data(), largest + more, flows.data(), variant, scratch.data(),
                      errors.data());
    const std::vector<double> got = errors.read(stream);
    for (std::size_t k = 0; k < got.size(); ++k) {
        const double expected = k < wanted.size() ? wanted[k] : NAN;
        EXPECT_TRUE(same_bits(got[k], expected))
            << "label " << k + 1 << ": " << got[k] << ", expected " << expected;
    }
    return wanted;
}

void expect_twins_in_every_order(const Scene& scene, std::uint32_t more = 0) {
    for (const Variant variant : variants) {
        SCOPED_TRACE(static_cast<int>(variant));
        test::in_every_order([&] { expect_twins(scene, variant, more); });
    }
}

TEST(FlowErrorsTwin, NinthsAreCorrectlyRounded) {
    std::mt19937_64 random(4);
    std::uniform_int_distribution<std::uint64_t> bits(0, std::bit_cast<std::uint64_t>(0x1p40));
    std::uint64_t wrong = 0;
    for (int i = 0; i < 3'000'000; ++i) {
        const auto sum = std::bit_cast<double>(bits(random));
        const double near = static_cast<double>(i) * 0x1.23456789abcdep-20;
        wrong += ninth_of(sum) != sum / 9.0 ? 1U : 0U;
        wrong += ninth_of(near) != near / 9.0 ? 1U : 0U;
    }
    EXPECT_EQ(wrong, 0U);
    for (const double sum : {0.0, 5e-324, 0x1p-1022, 0x1p-901, 0x1p-900, 9.0, 1e300})
        EXPECT_EQ(ninth_of(sum), sum / 9.0) << sum;
}

TEST(FlowErrorsTwin, NoLabels) {
    for (const Variant variant : variants) expect_twins(Scene(5, 7), variant, 0);
    expect_twins_in_every_order(Scene(5, 7), 3);
}

TEST(FlowErrorsTwin, OnePixelAndOneRow) {
    Scene pixel(1, 1);
    pixel.labels = {1};
    expect_twins_in_every_order(pixel);
    Scene row(1, 9);
    row.labels = {2, 2, 0, 1, 1, 1, 2, 0, 3};  // label 2 in two parts
    expect_twins_in_every_order(row, 2);
}

TEST(FlowErrorsTwin, TouchingHollowScatteredAndAbsentLabels) {
    Scene scene(34, 41);
    scene.rectangle(1, 0, 0, 9, 13);  // three that touch, at two borders of the frame
    scene.rectangle(2, 9, 0, 6, 13);
    scene.rectangle(3, 0, 13, 15, 2);
    scene.ring(5, 24, 9, 5, 9);  // its mean is not inside; 4 and 6 are absent
    scene.ring(7, 24, 9, 0, 3);
    for (std::int64_t y = 1; y < 33; y += 3)
        for (std::int64_t x = 21; x < 40; x += 2) scene.at(y, x) = 8;
    scene.rectangle(9, 33, 40, 1, 1);
    expect_twins_in_every_order(scene, 1);
}

TEST(FlowErrorsTwin, EqualDistancesTakeTheFirstPixel) {
    Scene scene(20, 20);
    scene.rectangle(1, 2, 2, 4, 4);   // four pixels around the mean
    scene.ring(2, 13, 13, 3, 5);      // four on the axes
    scene.rectangle(3, 2, 10, 2, 7);  // one above the other
    expect_twins_in_every_order(scene);
}

/// The mean is rounded otherwise when rows count from 1: seen in which of two pixels is nearest.
TEST(FlowErrorsTwin, RandomLabels) {
    for (const unsigned seed : {1U, 2U, 3U}) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const auto below = [&](unsigned end) {
            return std::uniform_int_distribution<std::uint32_t>(0, end - 1)(random);
        };
        Scene scene(29 + seed, 37 + seed);
        for (std::uint32_t& label : scene.labels) label = below(12);
        for (std::uint32_t label = 12; label < 18; ++label)
            scene.rectangle(label, below(20), below(20), 2 + below(9), 2 + below(9));
        for (const Variant variant : variants) expect_twins(scene, variant);
    }
}

/// Just inside and outside each size class, upright and lying; many more strips than threads.
TEST(FlowErrorsTwin, EverySizeClass) {
    for (const auto& [rows, columns] : {std::pair{34L, 34L},
                                        {35L, 34L},
                                        {1L, 430L},
                                        {430L, 1L},
                                        {58L, 58L},
                                        {1L, 1198L},
                                        {1198L, 1L},
                                        {59L, 58L}}) {
        SCOPED_TRACE(testing::Message() << rows << " x " << columns);
        Scene scene(rows + 1, columns + 5);
        scene.rectangle(1, 1, 2, rows, columns);
        scene.at(1 + rows / 2, 2 + columns / 3) = 2;
        scene.rectangle(3, 0, 0, rows, 2);
        scene.rectangle(4, 0, 2, 1, 3);
        if (rows > 1 && columns > 1) scene.at(rows, columns) = 0;
        const bool slow = rows * columns > 2500 || rows + columns > 1000;
        for (const Variant variant : variants)
            if (!slow || variant == Variant::cpu) expect_twins(scene, variant);
    }
}

/// The cuda variant gives every label the steps of the largest box: small ones come to rest.
TEST(FlowErrorsTwin, LabelsThatComeToRest) {
    Scene scene(11, 420);
    scene.rectangle(1, 1, 1, 3, 410);
    scene.rectangle(2, 6, 4, 3, 4);
    scene.rectangle(3, 6, 8, 2, 2);
    scene.rectangle(4, 6, 20, 1, 1);
    expect_twins(scene, Variant::cuda);
}

class HugeLabels : public testing::TestWithParam<Variant> {};

TEST_P(HugeLabels, AreSharedByGangsOfBlocks) {
    Scene scene(310, 640);
    scene.rectangle(1, 2, 3, 301, 303);
    scene.ring(3, 155, 470, 60, 153);  // its mean is not inside; 2 is absent
    scene.rectangle(4, 150, 465, 9, 12);
    scene.rectangle(5, 0, 630, 300, 7);
    const auto errors = expect_twins(scene, GetParam());
    EXPECT_TRUE(std::isfinite(errors.at(2)));
}

INSTANTIATE_TEST_SUITE_P(FlowErrorsTwin, HugeLabels, testing::ValuesIn(variants),
                         [](const auto& chosen) {
                             return chosen.param == Variant::cpu ? "cpu" : "cuda";
                         });

/// Also heat so faint that single precision loses it.
TEST(FlowErrorsTwin, HugeFramesInSinglePrecision) {
    Scene scene(4, 6'700'000);
    ASSERT_TRUE(in_single_precision(scene.height, scene.width));
    scene.rectangle(1, 0, 0, 4, 9);
    scene.rectangle(2, 0, 9, 3, 130);
    scene.rectangle(3, 1, 6'699'900, 3, 100);
    expect_twins(scene, Variant::cuda);
}

TEST(FlowErrorsTwin, FlowsThatAreNoNumbers) {
    Scene scene(12, 12);
    scene.rectangle(1, 0, 0, 6, 6);
    scene.rectangle(2, 6, 6, 6, 6);
    scene.flows[3] = NAN;
    scene.flows[12 * 6] = INFINITY;  // of no label
    for (const Variant variant : variants) {
        const auto errors = expect_twins(scene, variant);
        EXPECT_TRUE(std::isnan(errors.at(0)));
        EXPECT_TRUE(std::isfinite(errors.at(1)));
    }
}

/// Returns how many labels were compared, and in how many cases Python's errors were there too.
std::pair<std::size_t, std::size_t> expect_golden_twins(const char* part) {
    std::size_t labels = 0;
    std::size_t with_errors = 0;
    for (const test::Case& item : test::cases(part)) {
        if (!item.json.contains("files") || !item.has("dP")) continue;
        SCOPED_TRACE(item.name);
        const test::Npy flows = item.array("dP");
        for (const Variant variant : variants) {
            const std::string suffix = variant == Variant::cpu ? "_cpu" : "_cuda";
            const std::string name =
                (item.has("labels_seeded" + suffix) ? "labels_seeded" : "labels") + suffix;
            if (!item.has(name)) continue;
            Scene scene(flows.shape.at(1), flows.shape.at(2));
            scene.flows = flows.floats();
            scene.labels = item.array(name).labels();
            const auto errors = expect_twins(scene, variant);
            labels += errors.size();
            if (!item.has("qc_error" + suffix)) continue;
            const auto expected = item.array("qc_error" + suffix).doubles();
            EXPECT_EQ(errors.size(), expected.size());
            for (std::size_t k = 0; k < std::min(errors.size(), expected.size()); ++k)
                EXPECT_NEAR(errors[k], expected[k], 1e-6);
            ++with_errors;
        }
    }
    return {labels, with_errors};
}

TEST(FlowErrorsTwin, EveryGoldenDynamics) {
    EXPECT_GT(expect_golden_twins("dynamics").first, 20U);
}

TEST(FlowErrorsTwin, EveryGoldenStage) {
    const auto [labels, with_errors] = expect_golden_twins("stages");
    EXPECT_GT(labels, 20U);
    EXPECT_GT(with_errors, 1U);
}

}  // namespace
}  // namespace cytofleet
