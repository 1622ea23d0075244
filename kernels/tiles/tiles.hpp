// Cuts a frame into overlapping tiles and blends the network's answers (cellpose3.md 3.1-3.5).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/resize/resize.hpp"

namespace cytofleet {

/// Side of a tile in Cellpose, pixels; frames that are smaller have smaller tiles.
inline constexpr std::int64_t full_tile = 224;

/// Where the tiles of a frame lie. Tiles are numbered row-major, y outer.
struct TileGrid {
    Extent frame;               ///< without padding
    Extent padded;              ///< with padding; multiples of 16, or enlarged to 224 by augment
    Extent tile;                ///< all tiles have one size
    std::int64_t pad_top = 0;   ///< rows of zeros above the frame
    std::int64_t pad_left = 0;  ///< columns of zeros left of the frame
    std::vector<std::int64_t> rows;  ///< first row of each row of tiles, in the padded frame
    std::vector<std::int64_t> cols;
    bool augment = false;  ///< odd tiles are flipped
    std::int64_t count() const { return static_cast<std::int64_t>(rows.size() * cols.size()); }
};

/// `tile_overlap` in [0.05, 0.5].
TileGrid make_tile_grid(Extent frame, double tile_overlap, bool augment,
                        std::int64_t tile_size = full_tile);

/// Tiles first .. first+count-1 of a planar frame (channels, H, W) to (count, channels, h, w).
void cut_tiles(const Exec& exec, const TileGrid& grid, std::span<const float> frame,
               std::int64_t channels, std::int64_t first, std::int64_t count, std::span<float> out);

/// Sums tiles of network output in tile order, then gives the weighted mean without padding.
/// Tiles may come in several calls but must come in order. Sum in fp32, weights in fp64.
class TileBlend {
  public:
    explicit TileBlend(const TileGrid& grid);
    /// `tiles`: (count, 3, h, w): Y flow, X flow, logit of tiles next() .. next()+count-1.
    void add(const Exec& exec, std::span<const float> tiles, std::int64_t count);
    std::int64_t next() const { return next_; }
    bool complete() const { return next_ == grid_.count(); }
    /// `out`: (3, frame.height, frame.width). All tiles must be in.
    void finish(const Exec& exec, std::span<float> out) const;

  private:
    TileGrid grid_;
    std::int64_t next_ = 0;
    std::vector<float> sum_;       ///< (3, padded)
    std::vector<double> weights_;  ///< (padded)
    std::vector<double> taper_;    ///< (tile)
};

}  // namespace cytofleet
