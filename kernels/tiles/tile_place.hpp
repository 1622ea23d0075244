// One tile of a grid: where it lies and whether augmentation mirrors it (cellpose3.md 3.4).
#pragma once

#include <cstdint>

#include "kernels/tiles/tiles.hpp"

namespace cytofleet {

/// Where one tile lies in the padded frame, and how it is mirrored.
struct TilePlace {
    std::int64_t top = 0;
    std::int64_t left = 0;
    bool flip_y = false;  ///< odd column of tiles
    bool flip_x = false;  ///< odd row of tiles
};

inline TilePlace place_of(const TileGrid& grid, std::int64_t tile) {
    const auto columns = static_cast<std::int64_t>(grid.cols.size());
    const std::int64_t j = tile / columns;
    const std::int64_t i = tile % columns;
    return {grid.rows[static_cast<std::size_t>(j)], grid.cols[static_cast<std::size_t>(i)],
            grid.augment && i % 2 == 1, grid.augment && j % 2 == 1};
}

}  // namespace cytofleet
