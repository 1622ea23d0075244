// How much the benchmark measures, and in which order: what matters most comes first, for a run may
// be cut off.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "backend/cuda/precision.hpp"

namespace cytofleet::bench {

struct Scope {
    std::vector<Precision> precisions{Precision::fp16, Precision::tf32, Precision::fp32};
    std::vector<std::int64_t> frames{512, 1024, 2048, 4096};  ///< sides, pixels
    std::vector<std::int64_t> batches{64, 8, 1, 2, 4, 16, 32};
    std::int64_t largest_batch() const { return *std::ranges::max_element(batches); }
    std::int64_t tile = 224;  ///< side, pixels
    std::int64_t batch = 64;  ///< tiles, of whole frames
    double diameter = 30;     ///< of the cells, pixels
    double pitch = 45.8;      ///< from cell to cell where they are crowded: 2,000 at 2048 x 2048
    std::int64_t steps = 200;
    std::int64_t movie = 200;  ///< frames, of 512 x 512 pixels
    std::int64_t movie_side = 512;
    std::size_t copied = std::size_t{1} << 29;       ///< bytes, within the device
    std::size_t transferred = std::size_t{1} << 27;  ///< bytes, from and to the host
    int rounds = 11;
    double enough =
        3;  ///< seconds for passes over whole frames, after which no more than 3 are made
    std::int64_t streamed = 4;  ///< frames of a call whose steady state is measured
};

/// A little of everything: shows that the program runs through. For the emulation.
inline Scope smoke_scope() {
    return {.frames = {40},
            .batches = {1, 2},
            .tile = 32,
            .batch = 2,
            .diameter = 16,
            .pitch = 21,
            .steps = 30,
            .movie = 2,
            .movie_side = 20,
            .copied = std::size_t{1} << 20,
            .transferred = std::size_t{1} << 20,
            .rounds = 1,
            .streamed = 2};
}

}  // namespace cytofleet::bench
