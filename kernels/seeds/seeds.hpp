// Clusters the ends of followed points into labels (cellpose3.md 5.4, steps 1 to 6).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/seeds/end_bin.hpp"
#include "kernels/support/exec.hpp"

namespace cytofleet {

/// How many points ended in each pixel, with a border of end_bin_pad bins around the frame.
struct EndCounts {
    std::int64_t height = 0;           ///< bins: pixels + 2 * end_bin_pad
    std::int64_t width = 0;            ///< bins
    std::vector<std::uint32_t> count;  ///< height * width
    /// Index of the bin of an end. A NaN coordinate goes to bin 0, as in Python.
    std::int64_t bin(Point end) const;
};

EndCounts count_ends(std::span<const Point> ends, std::int64_t height, std::int64_t width);

struct Seed {
    std::uint32_t count = 0;
    std::uint32_t bin = 0;  ///< index into EndCounts::count
};

/// Bins with more than 10 ends and no more in the 5 by 5 bins around, sorted by count, smallest
/// first. Equal counts are ordered as torch does on that device: `cpu` as libstdc++'s std::sort
/// leaves them (stable above 32767 seeds), `cuda` in raster order.
std::vector<Seed> find_seeds(const Exec& exec, const EndCounts& counts, Variant variant);

/// Whether the window of a seed leaves the bins, which only NaN ends bring about.
bool at_the_edge(const EndCounts& counts, Seed seed);

/// Label k + 1 for every bin with more than 2 ends that seed k reaches in 5 steps over such bins,
/// later seeds over earlier ones; 0 elsewhere. No seed may be at_the_edge().
std::vector<std::uint32_t> grow_seeds(const EndCounts& counts, std::span<const Seed> seeds);

}  // namespace cytofleet
