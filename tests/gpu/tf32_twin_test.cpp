// That TF32 is TF32. cuDNN says of an engine that it rounds inputs, not how far: bf16 (7 bits of
// fraction) or fp16 (10, but no numbers beyond 65504) would pass for it at the bars of a whole
// network.
#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "backend/cuda/cuda_ops.hpp"
#include "backend/maps.hpp"
#include "gpu/fraction_bits.hpp"
#include "gpu/test_kernels.hpp"

namespace cytofleet {
namespace {

using test::Planes;
using Rounding = std::function<float(float)>;

constexpr std::int64_t channels = 32;
constexpr std::int64_t side = 12;

/// The same but for values that `rounding` changed.
std::vector<float> each(std::vector<float> values, const Rounding& rounding) {
    for (float& value : values) value = rounding(value);
    return values;
}

struct Problem {
    Planes x = test::random_planes(channels, side, side, 1);
    ConvNumbers conv = test::random_convolution(channels, channels, 3, 2);
    Problem rounded(const Rounding& rounding) const {
        Problem out = *this;
        out.x.values = each(x.values, rounding);
        out.conv.weights = each(conv.weights, rounding);
        return out;
    }
};

/// In float64.
std::vector<double> exact(const Problem& problem) {
    std::vector<double> out;
    for (std::int64_t o = 0; o < channels; ++o)
        for (std::int64_t y = 0; y < side; ++y)
            for (std::int64_t x = 0; x < side; ++x) {
                auto sum = static_cast<double>(problem.conv.bias[static_cast<std::size_t>(o)]);
                for (std::int64_t i = 0; i < channels * 9; ++i) {
                    const std::int64_t row = y + i / 3 % 3 - 1;
                    const std::int64_t column = x + i % 3 - 1;
                    if (row < 0 || row >= side || column < 0 || column >= side) continue;
                    const auto weight = static_cast<std::size_t>(o * channels * 9 + i);
                    sum += static_cast<double>(problem.conv.weights[weight]) *
                           static_cast<double>(problem.x.at(i / 9, row, column));
                }
                out.push_back(sum);
            }
    return out;
}

std::vector<double> in_tf32(const Problem& problem) {
    const auto ops = make_cuda_ops(Precision::tf32, nullptr, cuda::test_kernels());
    std::vector<float> out(static_cast<std::size_t>(channels * side * side));
    ops->for_pieces(1, [&](Workspace& work, std::int64_t, std::int64_t) {
        const auto conv = ops->make_convolution(problem.conv);
        const FeaturesPtr x = test::laid_out(*ops, work, problem.x);
        const FeaturesPtr y = work.make(1, channels, side, side);
        ops->convolve(work, *conv, *x, {}, *y, {});
        ops->download(*y, out);
    });
    return {out.begin(), out.end()};
}

/// The largest difference over the largest number wanted.
double error_of(const std::vector<double>& got, const std::vector<double>& wanted) {
    double off = 0;
    double largest = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const double here = std::abs(got.at(i) - wanted[i]);
        off = std::isnan(here) ? HUGE_VAL : std::max(off, here);
        largest = std::max(largest, std::abs(wanted[i]));
    }
    return off / largest;
}

/// 288 products of normal size: with factors rounded to 10 bits each is off by some 2^-12 of
/// itself, and so is a sum in proportion to the largest. With 7 bits it is eight times that.
TEST(Tf32, IsWithinAThousandthAndBf16WouldNotBe) {
    const Problem problem;
    const std::vector<double> wanted = exact(problem);
    constexpr double bar = 1e-3;
    EXPECT_LE(error_of(in_tf32(problem), wanted), bar);
    // The bar lies between what is meant and what is not.
    const auto error_with = [&](const Rounding& rounding) {
        return error_of(exact(problem.rounded(rounding)), wanted);
    };
    EXPECT_LE(error_with([](float v) { return test::rounded_to(10, v); }), bar / 2);
    EXPECT_LE(error_with([](float v) { return test::cut_to(10, v); }), bar);
    EXPECT_GE(error_with([](float v) { return test::rounded_to(7, v); }), 1.5 * bar);
}

/// Numbers that 10 bits hold are rounded by nobody, however it is done, so only the sums in float32
/// are left to differ. Scaled by powers of two they are beyond fp16, not beyond TF32.
TEST(Tf32, HoldsTenBitsOfFractionAndTheRangeOfFloat32) {
    const Problem held = Problem().rounded([](float v) { return test::rounded_to(10, v); });
    Problem scaled = held;
    scaled.x.values = each(held.x.values, [](float v) { return std::ldexp(v, 20); });
    scaled.conv.weights = each(held.conv.weights, [](float v) { return std::ldexp(v, -20); });
    const std::vector<double> wanted = exact(held);
    ASSERT_EQ(exact(scaled), wanted);
    constexpr double bar = 5e-6;
    EXPECT_LE(error_of(in_tf32(held), wanted), bar);
    EXPECT_LE(error_of(in_tf32(scaled), wanted), bar);
    EXPECT_GE(error_of(exact(held.rounded([](float v) { return test::rounded_to(9, v); })), wanted),
              50 * bar)
        << "one bit less would show";
}

}  // namespace
}  // namespace cytofleet
