#include "kernels/qc/flow_errors.hpp"

#include <algorithm>
#include <limits>

#include "kernels/qc/diffuse.hpp"
#include "kernels/qc/error_math.hpp"
#include "kernels/support/parallel.hpp"
#include "kernels/support/require.hpp"

namespace cytofleet {
namespace {

struct Frame {
    std::span<const std::uint32_t> labels;
    std::int64_t height;
    std::int64_t width;
    std::span<const float> flows;
};

struct Middle {
    std::int64_t y = 0;
    std::int64_t x = 0;
};

/// The pixel of a label closest to the mean of its pixels, the first of equals. `base` is the
/// number the device gives the first row and column: it decides how the mean is rounded.
Middle middle_of(std::span<const char> inside, const LabelBox& box, std::int64_t base) {
    std::int64_t sum_y = 0;
    std::int64_t sum_x = 0;
    for (std::int64_t y = 0, i = 0; y < box.height(); ++y)
        for (std::int64_t x = 0; x < box.width(); ++x, ++i)
            if (inside[i] != 0) {
                sum_y += y + base;
                sum_x += x + base;
            }
    const double mean_y = static_cast<double>(sum_y) / static_cast<double>(box.size);
    const double mean_x = static_cast<double>(sum_x) / static_cast<double>(box.size);
    Middle best;
    double least = std::numeric_limits<double>::infinity();
    for (std::int64_t y = 0, i = 0; y < box.height(); ++y) {
        for (std::int64_t x = 0; x < box.width(); ++x, ++i) {
            if (inside[i] == 0) continue;
            const double distance = squared_distance(static_cast<double>(y + base),
                                                     static_cast<double>(x + base), mean_y, mean_x);
            if (distance < least) {
                least = distance;
                best = {y, x};
            }
        }
    }
    return best;
}

/// Sums the squared errors of one label. `heat(y)`: row y of the box, readable one pixel further on
/// every side.
template <typename RowOf>
double error_of(const Frame& frame, std::uint32_t label, const LabelBox& box, RowOf heat) {
    const std::int64_t pixels = frame.height * frame.width;
    double sum_y = 0;
    double sum_x = 0;
    for (std::int64_t y = 0; y < box.height(); ++y) {
        const std::int64_t at = (box.top + y) * frame.width + box.left;
        const std::uint32_t* labels = frame.labels.data() + at;
        const float* flow_y = frame.flows.data() + at;
        const float* flow_x = flow_y + pixels;
        const auto* north = heat(y - 1);
        const auto* here = heat(y);
        const auto* south = heat(y + 1);
        for (std::int64_t x = 0; x < box.width(); ++x) {
            if (labels[x] != label) continue;
            const ErrorTerm term =
                error_term(north[x], south[x], here[x - 1], here[x + 1], flow_y[x], flow_x[x]);
            sum_y += term.y;
            sum_x += term.x;
        }
    }
    const auto size = static_cast<double>(box.size);
    return sum_y / size + sum_x / size;
}

std::vector<char> inside_of(const Frame& frame, std::uint32_t label, const LabelBox& box) {
    std::vector<char> inside(static_cast<std::size_t>(box.height() * box.width()));
    for (std::int64_t y = 0; y < box.height(); ++y)
        for (std::int64_t x = 0; x < box.width(); ++x)
            inside[y * box.width() + x] =
                frame.labels[(box.top + y) * frame.width + box.left + x] == label ? 1 : 0;
    return inside;
}

void errors_cpu(const Exec& exec, const Frame& frame, std::span<const LabelBox> boxes,
                std::span<double> errors) {
    std::vector<HeatBox<double>> heats(static_cast<std::size_t>(exec.threads));
    parallel_on_demand(exec, std::ssize(boxes), 1, [&](std::int64_t k, int thread) {
        const LabelBox& box = boxes[k];
        if (k == 0 || box.size == 0) return;
        HeatBox<double>& heat = heats[static_cast<std::size_t>(thread)];
        const auto label = static_cast<std::uint32_t>(k);
        const std::vector<char> inside = inside_of(frame, label, box);
        heat.reset(box.height(), box.width(), inside, true);
        const Middle middle = middle_of(inside, box, 1);
        heat.run(middle.y, middle.x, diffusion_steps(box.height(), box.width()));
        errors[k - 1] = error_of(frame, label, box, [&](std::int64_t y) { return heat.row(y); });
    });
}

template <typename Real>
void errors_cuda(const Exec& exec, const Frame& frame, std::span<const LabelBox> boxes,
                 std::span<double> errors) {
    std::int64_t extent = 0;
    for (std::size_t k = 1; k < boxes.size(); ++k)
        if (boxes[k].size > 0)
            extent = std::max(extent, box_extent(boxes[k].height(), boxes[k].width()));
    const std::int64_t stride = frame.width + 2;
    std::vector<Real> field(static_cast<std::size_t>((frame.height + 2) * stride));
    const auto row_of = [&](std::int64_t y) { return field.data() + (y + 1) * stride + 1; };
    std::vector<HeatBox<Real>> heats(static_cast<std::size_t>(exec.threads));
    parallel_on_demand(exec, std::ssize(boxes), 1, [&](std::int64_t k, int thread) {
        const LabelBox& box = boxes[k];
        if (k == 0 || box.size == 0) return;
        HeatBox<Real>& heat = heats[static_cast<std::size_t>(thread)];
        const std::vector<char> inside = inside_of(frame, static_cast<std::uint32_t>(k), box);
        heat.reset(box.height(), box.width(), inside, false);
        const Middle middle = middle_of(inside, box, 0);
        heat.run(middle.y, middle.x, 2 * extent);
        for (std::int64_t y = 0; y < box.height(); ++y)
            for (std::int64_t x = 0; x < box.width(); ++x)
                if (inside[y * box.width() + x] != 0)
                    row_of(box.top + y)[box.left + x] = heat.row(y)[x];
    });
    parallel_on_demand(exec, std::ssize(boxes), 1, [&](std::int64_t k) {
        const LabelBox& box = boxes[k];
        if (k == 0 || box.size == 0) return;
        errors[k - 1] = error_of(frame, static_cast<std::uint32_t>(k), box,
                                 [&](std::int64_t y) { return row_of(box.top + y) + box.left; });
    });
}

}  // namespace

std::vector<double> flow_errors(const Exec& exec, std::span<const std::uint32_t> labels,
                                std::int64_t height, std::int64_t width,
                                std::span<const LabelBox> boxes, std::span<const float> flows,
                                Variant variant) {
    require(std::ssize(labels) == height * width, "labels have the frame's size");
    require(std::ssize(flows) >= 2 * height * width, "flows have the frame's size");
    require(!boxes.empty(), "boxes come from measure_labels");
    const Frame frame{labels, height, width, flows};
    std::vector<double> errors(boxes.size() - 1, std::numeric_limits<double>::quiet_NaN());
    if (variant == Variant::cpu)
        errors_cpu(exec, frame, boxes, errors);
    else if (in_single_precision(height, width))
        errors_cuda<float>(exec, frame, boxes, errors);
    else
        errors_cuda<double>(exec, frame, boxes, errors);
    return errors;
}

}  // namespace cytofleet
