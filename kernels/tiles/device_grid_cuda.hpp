// A tile grid on a device, with what cutting and blending look up there.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/support/device_memory.hpp"
#include "kernels/support/exec.hpp"
#include "kernels/tiles/taper.hpp"
#include "kernels/tiles/tile_place.hpp"
#include "kernels/tiles/tiles.hpp"

namespace cytofleet::cuda {

/// The tiles along one axis. Pointers are in device memory.
struct TileAxis {
    std::int64_t count;          ///< tiles
    std::int64_t pad;            ///< zeros before the frame
    const std::int32_t* starts;  ///< of each tile, in the padded frame
    const std::int32_t* first;   ///< for each position of the padded frame, first tile over it
    const double* taper;         ///< for each position of a tile, how much it counts
};

/// What kernels get of a DeviceGrid.
struct TileGridView {
    Extent frame;
    Extent tile;
    TileAxis rows;
    TileAxis cols;
    bool augment;
    std::int64_t count() const { return rows.count * cols.count; }
    /// As place_of(TileGrid, tile).
    CYTOFLEET_HD TilePlace place(std::int64_t row, std::int64_t column) const {
        return {rows.starts[row], cols.starts[column], augment && column % 2 == 1,
                augment && row % 2 == 1};
    }
};

/// Made once per shape of frames and kept: making it allocates.
class DeviceGrid {
  public:
    /// Throws std::logic_error when tiles leave a gap.
    DeviceGrid(Stream stream, const TileGrid& grid);
    const TileGridView& view() const { return view_; }

  private:
    struct Axis {
        DeviceArray<std::int32_t> starts;
        DeviceArray<std::int32_t> first;
        DeviceArray<double> taper;
        Axis(Stream stream, std::span<const std::int64_t> starts_of, std::int64_t edge,
             std::int64_t length, std::span<const double> taper_of);
        TileAxis view(std::int64_t pad) const;
    };
    DeviceGrid(Stream stream, const TileGrid& grid, const TaperLines& taper);
    Axis rows_;
    Axis cols_;
    TileGridView view_;
};

/// How tiles lie in memory.
enum class TileLayout {
    planar,        ///< (tile, channel, y, x)
    channels_last  ///< (tile, y, x, channel), as cuDNN likes it
};

}  // namespace cytofleet::cuda
