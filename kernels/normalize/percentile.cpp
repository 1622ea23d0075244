#include "kernels/normalize/percentile.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/normalize/order_statistics.hpp"
#include "kernels/normalize/percentile_rule.hpp"

namespace cytofleet::cpu {
namespace {

/// `select(ranks)` gives the sorted values at four ascending ranks.
template <class Select>
Percentiles interpolate(std::size_t count, std::array<double, 2> percent, const Select& select) {
    const Rank first = rank_of(static_cast<std::int64_t>(count), percent[0]);
    const Rank second = rank_of(static_cast<std::int64_t>(count), percent[1]);
    const FourValues sorted = select(FourRanks{first.low, first.high, second.low, second.high});
    return {between_ranks(sorted[0], sorted[1], first.weight),
            between_ranks(sorted[2], sorted[3], second.weight)};
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
    const auto [step_y, step_x, all] = sample_of(extent);
    if (all) return percentiles(exec, plane, percent);
    std::vector<float> some;
    some.reserve(
        static_cast<std::size_t>((extent.height / step_y + 1) * (extent.width / step_x + 1)));
    for (std::int64_t y = 0; y < extent.height; y += step_y)
        for (std::int64_t x = 0; x < extent.width; x += step_x)
            some.push_back(plane[static_cast<std::size_t>(y * extent.width + x)]);
    return percentiles(exec, some, percent);
}

}  // namespace cytofleet::cpu
