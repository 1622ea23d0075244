// Tiles in device memory on their way through the network, pooled over frames until a batch is
// full.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "kernels/resize/resize.hpp"
#include "kernels/support/device_memory.hpp"
#include "kernels/support/replay.hpp"
#include "kernels/support/streams.hpp"
#include "models/cellpose/network.hpp"

namespace cytofleet::cuda {

/// Where the network's answers for a frame go, and how many tiles they miss.
struct TileSink {
    float* planes = nullptr;  ///< (tiles, 3, height, width) of the frame, in device memory
    std::int64_t tiles = 0;
    std::int64_t done = 0;
    std::size_t owner = 0;  ///< number of the frame
};

class TileBatch {
  public:
    /// Memory for `capacity` tiles of `tile`.
    TileBatch(Stream stream, const CpNet& net, Extent tile, std::int64_t capacity);
    Extent tile() const { return tile_; }
    std::int64_t free() const { return capacity_ - filled_; }
    bool empty() const { return filled_ == 0; }

    /// Memory (count, channels, height, width) for the next `count` tiles of a frame, at most
    /// free().
    float* add(TileSink& sink, std::int64_t count);
    /// Queues the network on the tiles added. Returns the sinks that miss none now.
    std::vector<TileSink*> run();
    /// Adds what all runs since the last call took, by tiles, to the seconds of their owners. They
    /// must be over.
    void share_times(std::span<double> seconds);

  private:
    struct Part {
        TileSink* sink;
        std::int64_t count;
    };
    struct Run {
        Event begin;
        Event end;
        std::vector<std::pair<std::size_t, std::int64_t>> owners;  ///< and their tiles
    };

    /// The network on the first n tiles, to answers_.
    void forward(std::int64_t n);
    void start_forward(std::int64_t n);

    Stream stream_;
    const CpNet& net_;
    Extent tile_;
    std::int64_t capacity_;
    std::int64_t filled_ = 0;
    DeviceArray<float> tiles_;
    DeviceArray<float> answers_;
    /// Of the network. The records of all numbers of tiles are at home in it: they run one after
    /// the other, and nothing in it need outlast one.
    std::unique_ptr<Workspace> work_;
    std::map<std::int64_t, Replay> forwards_;  ///< by the number of tiles
    std::vector<Part> parts_;
    std::vector<std::unique_ptr<Run>> runs_;
    std::vector<std::unique_ptr<Run>> spare_runs_;  ///< whose events are used again
};

/// Tiles that go through the network together when `filled` are there: few different numbers, since
/// the library plans anew for each. Never more than `capacity`.
std::int64_t padded_batch(std::int64_t filled, std::int64_t capacity);

}  // namespace cytofleet::cuda
