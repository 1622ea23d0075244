#include "kernels/resize/axis_table.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace cytofleet::cpu {
namespace {

AxisTable table_of(std::int64_t size) {
    const auto n = static_cast<std::size_t>(size);
    return {std::vector<std::int32_t>(n), std::vector<std::int32_t>(n), std::vector<float>(n)};
}

void set(AxisTable& table, std::int64_t i, std::int64_t from, double floor, float fraction,
         Border border) {
    const auto at = static_cast<std::size_t>(i);
    const auto low = static_cast<std::int64_t>(floor);
    const auto last = from - 1;
    const bool outside = low < 0 || low >= last;
    table.low[at] = static_cast<std::int32_t>(std::clamp<std::int64_t>(low, 0, last));
    table.high[at] = static_cast<std::int32_t>(std::clamp<std::int64_t>(low + 1, 0, last));
    table.fraction[at] = outside && border == Border::clamped ? 0.0F : fraction;
}

}  // namespace

AxisTable opencv_axis(std::int64_t from, std::int64_t to, Border border) {
    AxisTable table = table_of(to);
    const double step = 1.0 / (static_cast<double>(to) / static_cast<double>(from));
    for (std::int64_t i = 0; i < to; ++i) {
        const auto position = static_cast<float>((static_cast<double>(i) + 0.5) * step - 0.5);
        const float floor = std::floor(position);
        set(table, i, from, floor, position - floor, border);
    }
    return table;
}

AxisTable ipp_axis(std::int64_t from, std::int64_t to) {
    AxisTable table = table_of(to);
    const double step = static_cast<double>(from) / static_cast<double>(to);
    for (std::int64_t i = 0; i < to; ++i) {
        const double position = (static_cast<double>(i) + 0.5) * step - 0.5;
        const double floor = std::floor(position);
        set(table, i, from, floor, static_cast<float>(position - floor), Border::clamped);
    }
    return table;
}

}  // namespace cytofleet::cpu
