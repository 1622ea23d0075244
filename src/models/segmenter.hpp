// What the pipeline asks of a model: planes in, labels out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
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

/// What a call asks and tells while it is at work, in the thread of the caller.
struct SegmentHooks {
    /// Asked before a plane is begun; false: it is left out, and nothing is told of it.
    std::function<bool(std::size_t plane)> begin;
    /// The result of a plane that was begun, as soon as it is there; in the order of the planes.
    std::function<void(std::size_t plane, SegmentResult result)> done;
};

/// A loaded model. Not safe for use by two threads at once. Labels of a plane depend on the plane
/// and the settings alone: not on its neighbours in the call, the batch size or the threads.
class Segmenter {
  public:
    virtual ~Segmenter() = default;
    /// One result per plane, in order. Tiles of all planes are pooled into batches.
    virtual std::vector<SegmentResult> segment(std::span<const Image* const> planes) = 0;
    /// The same, plane by plane where the model can: a plane is begun as late as possible and told
    /// of as early; it is not looked at after that. What the hooks throw comes out of here; so does
    /// what ends the call, after which nothing is known of planes that were begun and not told of.
    virtual void segment_each(std::span<const Image* const> planes, const SegmentHooks& hooks) {
        std::vector<const Image*> wanted;
        std::vector<std::size_t> where;
        for (std::size_t i = 0; i < planes.size(); ++i) {
            if (!hooks.begin(i)) continue;
            wanted.push_back(planes[i]);
            where.push_back(i);
        }
        if (wanted.empty()) return;
        std::vector<SegmentResult> results = segment(wanted);
        for (std::size_t k = 0; k < where.size(); ++k) hooks.done(where[k], std::move(results[k]));
    }
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
