#include "models/cellpose/masks.hpp"

#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "kernels/flow/flow.hpp"
#include "kernels/labels/fill_holes.hpp"
#include "kernels/labels/measure.hpp"
#include "kernels/labels/relabel.hpp"
#include "kernels/qc/flow_errors.hpp"
#include "kernels/seeds/label_points.hpp"
#include "kernels/seeds/seeds.hpp"

namespace cytofleet {
namespace {

using Labels = std::vector<std::uint32_t>;

constexpr std::int64_t most_pixels = std::numeric_limits<std::int32_t>::max() / 2;
constexpr std::int64_t most_steps = std::int64_t{1} << 30;

/// End points as Cellpose returns them: raster order, all y before all x.
std::vector<float> in_raster_order(std::span<const std::uint32_t> pixels,
                                   std::span<const Point> ends) {
    std::vector<std::size_t> order(pixels.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, {}, [pixels](std::size_t i) { return pixels[i]; });
    std::vector<float> out(2 * pixels.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        out[i] = ends[order[i]].y;
        out[order.size() + i] = ends[order[i]].x;
    }
    return out;
}

/// 5.1 to 5.4. Returns the number of labels.
std::uint32_t seed_labels(const Exec& exec, std::span<const float> flows, Extent grid,
                          const MaskOptions& options, Labels& labels, MaskTrace* trace) {
    const auto pixels = static_cast<std::size_t>(grid.pixels());
    const auto logits = flows.subspan(2 * pixels);
    const auto inside =
        foreground_pixels(exec, logits, grid.height, grid.width, options.cellprob_threshold);
    if (inside.empty()) return 0;
    std::vector<Point> ends(inside.size());
    {
        const StepField field(exec, flows.first(2 * pixels), logits, grid.height, grid.width,
                              options.cellprob_threshold, stepping_of(options));
        follow_flow(exec, field, inside, options.niter, ends);
    }
    if (trace != nullptr) trace->points = in_raster_order(inside, ends);
    const EndCounts counts = count_ends(ends, grid.height, grid.width);
    const auto seeds = find_seeds(exec, counts, options.variant);
    for (const Seed& seed : seeds)
        if (at_the_edge(counts, seed)) throw Error(ErrorKind::input, flows_are_no_numbers);
    const auto bin_labels = grow_seeds(counts, seeds);
    const double largest = static_cast<double>(grid.pixels()) * options.max_size_fraction;
    return label_points(exec, counts, bin_labels, seeds.size(), inside, ends, largest, labels);
}

/// 5.5: erases labels whose flows are wrong.
void check_labels(const Exec& exec, std::span<const float> flows, Extent grid,
                  const MaskOptions& options, Labels& labels, MaskTrace* trace) {
    const auto boxes = measure_labels(exec, labels, grid.height, grid.width);
    const auto errors =
        flow_errors(exec, labels, grid.height, grid.width, boxes, flows, options.variant);
    std::vector<std::uint32_t> renamed(boxes.size());
    bool any = false;
    for (std::size_t k = 1; k < renamed.size(); ++k) {
        const bool wrong = errors[k - 1] > options.flow_threshold;
        renamed[k] = wrong ? 0 : static_cast<std::uint32_t>(k);
        any = any || wrong;
    }
    if (any) relabel(exec, labels, renamed);
    if (trace != nullptr) trace->flow_errors = errors;
}

/// 5.6, then the counts.
LabelImage finish(const Exec& exec, Labels labels, Extent frame, std::int64_t min_size) {
    const auto measure = [&] { return measure_labels(exec, labels, frame.height, frame.width); };
    auto boxes = measure();
    if (min_size > 0) {
        remove_small(exec, labels, boxes, min_size);
        boxes = measure();
    }
    fill_holes(exec, labels, frame.width, boxes);
    if (min_size > 0) {
        boxes = measure();
        remove_small(exec, labels, boxes, min_size);
    }
    boxes = measure();
    LabelImage out{frame.height, frame.width, std::move(labels), 0, 0};
    out.largest = static_cast<std::uint32_t>(boxes.size() - 1);
    for (std::size_t k = 1; k < boxes.size(); ++k)
        if (boxes[k].size > 0) ++out.cells;
    return out;
}

}  // namespace

Stepping stepping_of(const MaskOptions& options) {
    if (!options.interpolate) return Stepping::nearest;
    return options.variant == Variant::cpu ? Stepping::cpu : Stepping::cuda;
}

void check_mask_sizes(Extent grid, Extent frame, const MaskOptions& options) {
    for (const Extent& extent : {grid, frame})
        if (extent.height < 1 || extent.width < 1 || extent.pixels() > most_pixels)
            throw Error(ErrorKind::input, "a frame of " + std::to_string(extent.height) + " by " +
                                              std::to_string(extent.width) +
                                              " pixels cannot be segmented; cut it into parts");
    if (options.niter < 0 || options.niter > most_steps)
        throw Error(ErrorKind::usage,
                    "--niter must lie between 0 and " + std::to_string(most_steps));
}

LabelImage compute_masks(const Exec& exec, std::span<const float> flows, Extent grid, Extent frame,
                         const MaskOptions& options, MaskTrace* trace) {
    ensure(std::ssize(flows) == 3 * grid.pixels(), "flows have the size of the grid");
    check_mask_sizes(grid, frame, options);
    Labels labels(static_cast<std::size_t>(grid.pixels()));
    const std::uint32_t found = seed_labels(exec, flows, grid, options, labels, trace);
    if (trace != nullptr) trace->seeded = labels;
    if (found > 0 && options.flow_threshold > 0)
        check_labels(exec, flows, grid, options, labels, trace);
    if (trace != nullptr) trace->checked = labels;
    if (frame != grid) {
        Labels resized(static_cast<std::size_t>(frame.pixels()));
        resize_labels(exec, labels, grid, resized, frame);
        labels = std::move(resized);
    }
    return finish(exec, std::move(labels), frame, options.min_size);
}

}  // namespace cytofleet
