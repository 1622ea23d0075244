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
    /// What the user should hear since the last call, a line each: batches that became smaller.
    virtual std::vector<std::string> notes() { return {}; }
};

}  // namespace cytofleet
