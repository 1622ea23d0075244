#include "kernels/normalize/percentile.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/normalize/order_statistics.hpp"

namespace cytofleet::cpu {
namespace {

/// A percentile lies `weight` of the way from sorted value `low` to sorted value `high`.
struct Rank {
    std::int64_t low = 0;
    std::int64_t high = 0;
    float weight = 0;
};

Rank rank_of(std::size_t count, double percent) {
    const auto last = static_cast<std::int64_t>(count) - 1;
    const float q = static_cast<float>(percent) / 100.0F;
    const float index = static_cast<float>(last) * q;
    if (index >= static_cast<float>(last)) return {last, last, 0.0F};
    const float floor = std::floor(index);
    const auto low = static_cast<std::int64_t>(floor);
    return {low, std::min(low + 1, last), index - floor};
}

float between(float low, float high, float weight) {
    const float step = high - low;
    return weight < 0.5F ? low + step * weight : high - step * (1.0F - weight);
}

/// `select(ranks)` gives the sorted values at four ascending ranks.
template <class Select>
Percentiles interpolate(std::size_t count, std::array<double, 2> percent, const Select& select) {
    const Rank first = rank_of(count, percent[0]);
    const Rank second = rank_of(count, percent[1]);
    const FourValues sorted = select(FourRanks{first.low, first.high, second.low, second.high});
    return {between(sorted[0], sorted[1], first.weight),
            between(sorted[2], sorted[3], second.weight)};
}

}  // namespace

Percentiles percentiles(const Exec& exec, std::span<const float> values,
                        std::array<double, 2> percent) {
    return interpolate(values.size(), percent, [&](const FourRanks& ranks) {
        return order_statistics(exec, values, ranks);
    });
}

Percentiles percentiles_in_place(std::span<float> values, std::array<double, 2> percent) {
    if (std::ranges::any_of(values, [](float value) { return std::isnan(value); })) {
        constexpr float nan = std::numeric_limits<float>::quiet_NaN();
        return {nan, nan};
    }
    return interpolate(values.size(), percent, [&](const FourRanks& ranks) {
        return order_statistics_in_place(values, ranks);
    });
}

Percentiles frame_percentiles(const Exec& exec, std::span<const float> plane, Extent extent,
                              std::array<double, 2> percent) {
    constexpr std::int64_t side = 224;
    if (extent.pixels() <= side * side * side) return percentiles(exec, plane, percent);
    const std::int64_t step_y = std::max<std::int64_t>(1, extent.height / side);
    const std::int64_t step_x = std::max<std::int64_t>(1, extent.width / side);
    std::vector<float> some;
    some.reserve(
        static_cast<std::size_t>((extent.height / step_y + 1) * (extent.width / step_x + 1)));
    for (std::int64_t y = 0; y < extent.height; y += step_y)
        for (std::int64_t x = 0; x < extent.width; x += step_x)
            some.push_back(plane[static_cast<std::size_t>(y * extent.width + x)]);
    return percentiles(exec, some, percent);
}

}  // namespace cytofleet::cpu
