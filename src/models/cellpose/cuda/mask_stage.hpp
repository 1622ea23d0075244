// The mask stage on a device: what compute_masks (masks.hpp) does, without a look from the host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "kernels/labels/measure_cuda.hpp"
#include "kernels/seeds/seeds.hpp"
#include "kernels/support/device_memory.hpp"
#include "kernels/support/replay.hpp"
#include "models/cellpose/masks.hpp"

namespace cytofleet::cuda {

/// What the host wants to know of a frame besides its labels.
struct MaskReport {
    std::uint32_t largest = 0;   ///< label
    std::uint32_t cells = 0;     ///< labels that are there
    std::uint32_t at_edge = 0;   ///< 1: the flows are not numbers under the cells
    std::uint32_t reserved = 0;  ///< keeps the size a multiple of 16
};

/// Hears, each time a step is queued, which one: "make_step_field" to "count_labels".
using MaskWatcher = std::function<void(const char* step)>;

/// Memory for frames of one shape, about 80 bytes per pixel, used by one frame after the other.
class MaskStage {
  public:
    /// `grid`: of the dynamics; `frame`: of the labels, which are resized when the two differ.
    /// Throws what check_mask_sizes does, and OutOfDeviceMemory.
    MaskStage(Extent grid, Extent frame, const MaskOptions& options);
    /// What its memory comes to.
    static std::size_t bytes(Extent grid, Extent frame);
    Extent grid() const { return grid_; }
    Extent frame() const { return frame_; }
    /// `flows`: (3, grid) in device memory: Y flow, X flow, logit. Only queues work.
    /// `stream` is not the default stream.
    void run(Stream stream, const float* flows);
    /// (frame), in device memory, until the next run.
    const std::uint32_t* labels() const { return final_plane_.labels; }
    const MaskReport* report() const { return report_.data(); }
    /// For times of single steps.
    void watch(MaskWatcher watcher) { watcher_ = std::move(watcher); }

  private:
    void queue(Stream stream, const float* flows);
    void queued(const char* step) const {
        if (watcher_) watcher_(step);
    }
    void measure(Stream stream, const LabelPlane& plane);
    void seed(Stream stream, const float* flows);
    void check_flows(Stream stream, const float* flows);
    void finish(Stream stream);

    Extent grid_;
    Extent frame_;
    MaskOptions options_;
    Stepping stepping_;
    std::int64_t most_;  ///< labels
    DeviceArray<float> steps_;
    DeviceArray<std::uint32_t> bins_;
    DeviceArray<std::uint32_t> counts_;
    DeviceArray<std::uint32_t> bin_labels_;
    DeviceArray<Seed> seeds_;
    DeviceArray<std::uint32_t> labels_;
    DeviceArray<std::uint32_t> resized_;  ///< empty unless grid and frame differ
    DeviceArray<std::uint32_t> count_;
    DeviceArray<DeviceBox> boxes_;
    DeviceArray<double> errors_;
    DeviceArray<std::byte> scratch_;
    DeviceArray<MaskReport> report_;
    LabelPlane plane_;        ///< on the grid
    LabelPlane final_plane_;  ///< on the frame
    /// By the flows' place, which comes again. A record names this stage's memory, and flows that
    /// it only reads: they are there whenever it is started, since the caller hands them in.
    std::map<const float*, Replay> runs_;
    MaskWatcher watcher_;
};

}  // namespace cytofleet::cuda
