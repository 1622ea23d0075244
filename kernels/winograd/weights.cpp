#include <algorithm>
#include <array>
#include <vector>

#include "kernels/support/require.hpp"
#include "kernels/winograd/plan.hpp"
#include "kernels/winograd/winograd.hpp"

namespace cytofleet::cpu {
namespace {

constexpr std::int64_t taps = 3;
using Taps = std::array<double, taps>;

/// F(4, 3): 1, p, p^2 over the product of p's distances to the other points.
constexpr std::array<Taps, 6> plain_points() {
    constexpr double a = winograd_near;
    constexpr double b = winograd_far;
    constexpr double of_zero = a * a * b * b;
    constexpr double of_near = 2 * a * a * (a * a - b * b);
    constexpr double of_far = 2 * b * b * (b * b - a * a);
    return {{{1 / of_zero, 0, 0},
             {1 / of_near, a / of_near, a * a / of_near},
             {1 / of_near, -a / of_near, a * a / of_near},
             {1 / of_far, b / of_far, b * b / of_far},
             {1 / of_far, -b / of_far, b * b / of_far},
             {0, 0, 1}}};
}
constexpr std::array<Taps, 6> plain = plain_points();
/// Four outputs from a, b, b, c, c, d; the other halves of the products are in transform-inl.hpp.
constexpr std::array<Taps, 5> doubled{
    {{1, 0, 0}, {0.5, 0.5, 0.5}, {-0.5, 0.5, 0.5}, {-0.5, -0.5, 0.5}, {0, 0, 1}}};

double product_weight(const Taps& vertical, const Taps& horizontal, const float* kernel) {
    double sum = 0;
    for (std::size_t y = 0; y < taps; ++y)
        for (std::size_t x = 0; x < taps; ++x)
            sum += vertical[y] * horizontal[x] * static_cast<double>(kernel[y * taps + x]);
    return sum;
}

}  // namespace

WinogradWeights::WinogradWeights(std::span<const float> weights, std::int64_t in, std::int64_t out,
                                 std::int64_t block, bool upsampled)
    : in_blocks_((in + block - 1) / block),
      out_blocks_((out + block - 1) / block),
      block_(block),
      upsampled_(upsampled),
      panel_(winograd_panel(out_blocks_, block)),
      product_size_(in_blocks_ * block * out_blocks_ * block) {
    require(std::ssize(weights) == in * out * taps * taps, "weights are (out, in, 3, 3)");
    const std::span<const Taps> points =
        upsampled ? std::span<const Taps>(doubled) : std::span<const Taps>(plain);
    const auto size = std::ssize(points) * std::ssize(points) * product_size_;
    values_ = hwy::AllocateAligned<float>(static_cast<std::size_t>(size));
    std::fill_n(values_.get(), size, 0.0F);
    const std::int64_t lanes = panel_ * block;
    float* to = values_.get();
    for (const Taps& vertical : points)
        for (const Taps& horizontal : points) {
            for (std::int64_t o = 0; o < out; ++o)
                for (std::int64_t i = 0; i < in; ++i)
                    to[(o / lanes * in_blocks_ * block + i) * lanes + o % lanes] =
                        static_cast<float>(product_weight(
                            vertical, horizontal, weights.data() + (o * in + i) * taps * taps));
            to += product_size_;
        }
}

}  // namespace cytofleet::cpu
