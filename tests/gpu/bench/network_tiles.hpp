// Tiles for the network alone: cut from a crowded frame and normalised as the program does it, each
// another piece of it. Tiles of zeros, or one tile again and again, would be timed too fast.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gpu/bench/scope.hpp"
#include "weights/weights.hpp"

namespace cytofleet::bench {

struct Deviation {
    double error = 0;  ///< largest difference over the largest number; NaN where any answer is none
    double rms =
        0;  ///< the same of root mean squares: hardly depends on which tiles were looked at
    double gain =
        0;  ///< the factor that fits best, less 1: numbers that are cut, not rounded, shrink
};

class NetworkTiles {
  public:
    /// Enough for the largest batch of `scope`. `weights` must outlive it.
    NetworkTiles(const Weights& weights, const Scope& scope);
    std::int64_t channels() const { return channels_; }
    /// (n, channels, side, side).
    std::vector<float> batch(std::int64_t n) const;
    /// Of the network's answers to batch(n) from the CPU's, for up to 4 tiles: the first, the last
    /// and two between. The CPU computes those 4 at the first call.
    Deviation deviation(std::span<const float> answers, std::int64_t n);

  private:
    std::span<const float> tile(std::int64_t number) const;
    void answer();

    const Weights& weights_;
    std::int64_t side_;
    std::int64_t channels_;
    std::int64_t count_;
    std::vector<float> tiles_;    ///< (count, channels, side, side)
    std::vector<float> answers_;  ///< the CPU's to the first of them
};

}  // namespace cytofleet::bench
