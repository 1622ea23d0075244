#include "kernels/resize/axis_table.hpp"

#include <cstddef>

namespace cytofleet::cpu {
namespace {

template <class PlaceOf>
AxisTable table_of(std::int64_t size, const PlaceOf& place_of) {
    const auto n = static_cast<std::size_t>(size);
    AxisTable table{std::vector<std::int32_t>(n), std::vector<std::int32_t>(n),
                    std::vector<float>(n)};
    for (std::size_t i = 0; i < n; ++i) {
        const AxisPlace place = place_of(static_cast<std::int64_t>(i));
        table.low[i] = place.low;
        table.high[i] = place.high;
        table.fraction[i] = place.fraction;
    }
    return table;
}

}  // namespace

AxisTable opencv_axis(std::int64_t from, std::int64_t to, Border border) {
    const double step = opencv_step(from, to);
    return table_of(to, [=](std::int64_t i) { return opencv_place(i, step, from, border); });
}

AxisTable ipp_axis(std::int64_t from, std::int64_t to) {
    const double step = ipp_step(from, to);
    return table_of(to, [=](std::int64_t i) { return ipp_place(i, step, from); });
}

}  // namespace cytofleet::cpu
