#include "kernels/tiles/starts.hpp"

#include <cmath>
#include <cstddef>

#include "kernels/support/require.hpp"

namespace cytofleet {

std::vector<std::int64_t> spread_starts(std::int64_t length, std::int64_t edge,
                                        std::int64_t count) {
    require(count >= 1 && edge >= 1 && edge <= length, "tiles: they do not fit the axis");
    std::vector<std::int64_t> starts(static_cast<std::size_t>(count), 0);
    if (count == 1) return starts;
    const double step = static_cast<double>(length - edge) / static_cast<double>(count - 1);
    for (std::size_t i = 0; i < starts.size(); ++i)
        starts[i] = static_cast<std::int64_t>(static_cast<double>(i) * step);
    starts.back() = length - edge;
    return starts;
}

std::vector<std::int64_t> tile_starts(std::int64_t length, std::int64_t edge, double overlap) {
    require(length >= 1 && edge >= 1, "tiles: an empty axis");
    if (length <= edge) return spread_starts(length, length, 1);
    const double count = (1.0 + 2.0 * overlap) * static_cast<double>(length);
    return spread_starts(length, edge,
                         static_cast<std::int64_t>(std::ceil(count / static_cast<double>(edge))));
}

}  // namespace cytofleet
