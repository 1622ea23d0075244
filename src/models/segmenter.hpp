// What the pipeline asks of a model: planes in, labels out.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "image/frame_times.hpp"
#include "image/image.hpp"

namespace cytofleet {

struct SegmentResult {
    LabelImage labels;
    std::vector<std::string> warnings;  ///< one line each, without the file's name
    std::string failure;                ///< why the plane could not be segmented; empty when it was
    FrameTimes times;
};

/// A loaded model. Not safe for use by two threads at once. Labels of a plane depend on the plane
/// and the settings alone: not on its neighbours in the call, the batch size or the threads.
class Segmenter {
  public:
    virtual ~Segmenter() = default;
    /// One result per plane, in order. Tiles of all planes are pooled into batches.
    virtual std::vector<SegmentResult> segment(std::span<const Image* const> planes) = 0;
    /// Planes of about so many pixels in one call keep it busy.
    virtual std::int64_t pixels_per_call() const { return std::int64_t{1} << 20; }
    /// Memory of the process that a call with `frames` such planes takes at its most, its results
    /// included, beyond what the model holds when it is loaded; bytes.
    virtual std::uint64_t bytes_of_call(std::int64_t height, std::int64_t width,
                                        std::int64_t frames) const = 0;
    /// The same of a GPU's memory, the model's own included, also where the model is not on one
    /// now; 0 where it cannot be.
    virtual std::uint64_t gpu_bytes_of_call(std::int64_t /*height*/, std::int64_t /*width*/,
                                            std::int64_t /*frames*/) const {
        return 0;
    }
    /// Pixels that the network sees of such a plane for each of its own.
    virtual double enlargement(std::int64_t /*height*/, std::int64_t /*width*/) const { return 1; }
    /// What the user should hear since the last call, a line each: batches that became smaller.
    virtual std::vector<std::string> notes() { return {}; }
};

}  // namespace cytofleet
