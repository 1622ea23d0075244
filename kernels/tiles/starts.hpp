// Where overlapping tiles start along one axis (cellpose3.md 3.3).
#pragma once

#include <cstdint>
#include <vector>

namespace cytofleet {

/// `count` starts spread evenly over `length` pixels, the last at length - edge; numpy's linspace,
/// truncated. One start is 0. `edge` <= `length`.
std::vector<std::int64_t> spread_starts(std::int64_t length, std::int64_t edge, std::int64_t count);

/// Starts of tiles of min(edge, length) pixels that overlap by `overlap` of an edge.
std::vector<std::int64_t> tile_starts(std::int64_t length, std::int64_t edge, double overlap);

}  // namespace cytofleet
