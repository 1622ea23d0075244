#include "kernels/tiles/taper.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace cytofleet {

std::vector<double> taper(Extent tile) {
    constexpr std::int64_t full = 224;
    constexpr double margin = 20;  // pixels from the edge to half weight
    constexpr double slope = 7.5;  // pixels
    const std::int64_t side = std::max({full, tile.height, tile.width});
    std::vector<double> line(static_cast<std::size_t>(side));
    const double centre = static_cast<double>(side - 1) / 2;
    const double half_weight = static_cast<double>(side) / 2 - margin;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const double distance = std::abs(static_cast<double>(i) - centre);
        line[i] = 1 / (1 + std::exp((distance - half_weight) / slope));
    }
    // The middle of the full taper.
    const double* const rows = line.data() + (side / 2 - tile.height / 2);
    const double* const columns = line.data() + (side / 2 - tile.width / 2);
    std::vector<double> out;
    out.reserve(static_cast<std::size_t>(tile.pixels()));
    for (std::int64_t y = 0; y < tile.height; ++y)
        for (std::int64_t x = 0; x < tile.width; ++x) out.push_back(columns[x] * rows[y]);
    return out;
}

}  // namespace cytofleet
