#include "kernels/tiles/taper.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace cytofleet {

TaperLines taper_lines(Extent tile) {
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
    const auto middle = [&](std::int64_t length) {
        const auto first = line.begin() + (side / 2 - length / 2);
        return std::vector<double>(first, first + length);
    };
    return {middle(tile.height), middle(tile.width)};
}

std::vector<double> taper(Extent tile) {
    const TaperLines lines = taper_lines(tile);
    std::vector<double> out;
    out.reserve(static_cast<std::size_t>(tile.pixels()));
    for (const double row : lines.rows)
        for (const double column : lines.columns) out.push_back(column * row);
    return out;
}

}  // namespace cytofleet
