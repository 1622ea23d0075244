#include "models/cellpose/cuda/mask_stage.hpp"

#include <algorithm>

#include "kernels/flow/flow_cuda.hpp"
#include "kernels/labels/fill_holes_cuda.hpp"
#include "kernels/labels/relabel_cuda.hpp"
#include "kernels/qc/flow_errors_cuda.hpp"
#include "kernels/resize/resize_cuda.hpp"
#include "kernels/seeds/end_bin.hpp"
#include "kernels/seeds/label_points_cuda.hpp"
#include "kernels/seeds/seeds_cuda.hpp"

namespace cytofleet::cuda {
namespace {

constexpr std::size_t most_records = 8;

std::size_t size(std::int64_t value) {
    return static_cast<std::size_t>(value);
}

std::size_t steps_of(Extent grid) {
    return size(2 * (grid.height + 2) * (grid.width + 2));
}

std::size_t bins_around(Extent grid) {
    return size((grid.height + 2 * end_bin_pad) * (grid.width + 2 * end_bin_pad));
}

/// Scratch memory of whatever runs on labels of one extent.
std::size_t label_scratch(Extent extent, std::int64_t most) {
    return std::max(relabel_scratch_bytes(extent.height, extent.width, most),
                    fill_holes_scratch_bytes(extent.height, extent.width, most));
}

std::size_t scratch_of(Extent grid, Extent frame, std::int64_t most) {
    return std::max({find_seeds_scratch_bytes(grid.height, grid.width, most),
                     flow_errors_scratch_bytes(grid.height, grid.width), label_scratch(grid, most),
                     label_scratch(frame, most)});
}

}  // namespace

std::size_t MaskStage::bytes(Extent grid, Extent frame) {
    const std::int64_t most = most_seeds(grid.height, grid.width);
    const std::size_t each = size(most);
    return sizeof(float) * steps_of(grid) +
           sizeof(std::uint32_t) * (2 * size(grid.pixels()) + 2 * bins_around(grid) +
                                    (grid == frame ? 0 : size(frame.pixels())) + 1) +
           (sizeof(Seed) + sizeof(DeviceBox) + sizeof(double)) * each + sizeof(DeviceBox) +
           scratch_of(grid, frame, most) + sizeof(MaskReport);
}

MaskStage::MaskStage(Extent grid, Extent frame, const MaskOptions& options)
    : grid_((check_mask_sizes(grid, frame, options), grid)),
      frame_(frame),
      options_(options),
      stepping_(stepping_of(options)),
      most_(most_seeds(grid.height, grid.width)),
      steps_(steps_of(grid)),
      bins_(size(grid.pixels())),
      counts_(bins_around(grid)),
      bin_labels_(counts_.size()),
      seeds_(size(most_)),
      labels_(size(grid.pixels())),
      count_(1),
      boxes_(size(most_ + 1)),
      errors_(size(most_)),
      scratch_(scratch_of(grid, frame, most_)),
      report_(1) {
    if (grid != frame) resized_ = DeviceArray<std::uint32_t>(size(frame.pixels()));
    plane_ = {labels_.data(), grid.height, grid.width, count_.data(), most_};
    final_plane_ = plane_;
    if (grid != frame)
        final_plane_ = {resized_.data(), frame.height, frame.width, count_.data(), most_};
}

void MaskStage::run(Stream stream, const float* flows) {
    // What is recorded calls nobody.
    if (watcher_) return queue(stream, flows);
    if (runs_.size() > most_records && !runs_.contains(flows)) runs_.clear();
    runs_[flows].run(stream, [this, stream, flows] { queue(stream, flows); });
}

void MaskStage::queue(Stream stream, const float* flows) {
    seed(stream, flows);
    if (options_.flow_threshold > 0) check_flows(stream, flows);
    if (grid_ != frame_) {
        resize_labels(stream, plane_.labels, grid_, final_plane_.labels, frame_);
        queued("resize_labels");
    }
    finish(stream);
}

/// 5.1 to 5.4.
void MaskStage::seed(Stream stream, const float* flows) {
    const float* logits = flows + 2 * grid_.pixels();
    make_step_field(stream, flows, logits, grid_.height, grid_.width, options_.cellprob_threshold,
                    stepping_, steps_.data());
    queued("make_step_field");
    counts_.zero(stream);
    follow_flow(stream, {steps_.data(), grid_.height, grid_.width}, stepping_, logits,
                options_.cellprob_threshold, options_.niter, bins_.data(), counts_.data());
    queued("follow_flow");
    report_.zero(stream);
    find_seeds(stream, counts_.data(), grid_.height, grid_.width, options_.variant, most_,
               seeds_.data(), count_.data(), scratch_.data());
    queued("find_seeds");
    grow_seeds(stream, counts_.data(), grid_.height, grid_.width, seeds_.data(), count_.data(),
               most_, bin_labels_.data(), &report_.data()->at_edge);
    queued("grow_seeds");
    const double largest = static_cast<double>(grid_.pixels()) * options_.max_size_fraction;
    label_points(stream, bins_.data(), bin_labels_.data(), plane_, largest, boxes_.data(),
                 scratch_.data());
    queued("label_points");
}

void MaskStage::measure(Stream stream, const LabelPlane& plane) {
    measure_labels(stream, plane, boxes_.data());
    queued("measure_labels");
}

/// 5.5.
void MaskStage::check_flows(Stream stream, const float* flows) {
    measure(stream, plane_);
    flow_errors(stream, plane_.labels, grid_.height, grid_.width, boxes_.data(), count_.data(),
                static_cast<std::uint32_t>(most_), flows, options_.variant, scratch_.data(),
                errors_.data());
    queued("flow_errors");
    erase_wrong(stream, plane_, errors_.data(), options_.flow_threshold);
    queued("erase_wrong");
}

/// 5.6.
void MaskStage::finish(Stream stream) {
    const auto remove = [&] {
        measure(stream, final_plane_);
        if (options_.min_size < 1) return;
        remove_small(stream, final_plane_, boxes_.data(), options_.min_size, scratch_.data());
        queued("remove_small");
        measure(stream, final_plane_);
    };
    remove();
    fill_holes(stream, final_plane_, boxes_.data(), scratch_.data());
    queued("fill_holes");
    if (options_.min_size < 1)
        measure(stream, final_plane_);
    else
        remove();
    count_labels(stream, final_plane_, boxes_.data(), &report_.data()->largest);
    queued("count_labels");
}

}  // namespace cytofleet::cuda
