#include "kernels/normalize/sharpen.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/normalize/correlate_lines.hpp"
#include "kernels/support/parallel.hpp"

namespace cytofleet::cpu {
namespace {

/// One axis of a gaussian: out[i] = sum over t of taps[t] * in[(i + shift + t) mod length].
struct AxisKernel {
    std::vector<double> taps;
    std::int64_t shift = 0;
    double centre = 0;  ///< weight of in[i] itself
};

/// Python spreads the height over both axes, from -height / 2 to height / 2 + 1; the middle of the
/// axis is the pixel itself.
AxisKernel axis_kernel(std::int64_t length, std::int64_t height, double sigma) {
    constexpr double negligible = 1e-18;  // of the largest weight
    const double first = -static_cast<double>(height) / 2;
    const double step =
        length > 1 ? static_cast<double>(height + 1) / static_cast<double>(length - 1) : 0.0;
    std::vector<double> weights(static_cast<std::size_t>(length));
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const double x = first + static_cast<double>(i) * step;
        weights[i] = -x * x / (2 * sigma * sigma);
    }
    const double largest = std::ranges::max(weights);
    double sum = 0;
    for (double& weight : weights) sum += weight = std::exp(weight - largest);
    const auto matters = [](double weight) { return weight > negligible; };
    const auto begin = std::ranges::find_if(weights, matters);
    const auto end = std::find_if(weights.rbegin(), weights.rend(), matters).base();
    for (double& weight : weights) weight /= sum;
    const std::int64_t middle = length / 2;
    return {std::vector<double>(begin, end), begin - weights.begin() - middle,
            weights[static_cast<std::size_t>(middle)]};
}

/// Sums along one axis. `load(line, position)` reads a pixel, `store(line, position, sum)` takes
/// the result.
template <class Load, class Store>
void correlate_axis(const Exec& exec, const AxisKernel& kernel, std::int64_t lines,
                    std::int64_t length, const Load& load, const Store& store) {
    constexpr auto group = static_cast<std::int64_t>(line_group);
    const std::int64_t extended = length + static_cast<std::int64_t>(kernel.taps.size()) - 1;
    const auto in_size = static_cast<std::size_t>(extended * group);
    const auto out_size = static_cast<std::size_t>(length * group);
    std::vector<double> buffers((in_size + out_size) * static_cast<std::size_t>(exec.threads), 0.0);
    const std::int64_t start = (kernel.shift % length + length) % length;
    parallel_even(exec, (lines + group - 1) / group, [&](std::int64_t number, int thread) {
        const std::int64_t line = number * group;
        double* const in = buffers.data() + (in_size + out_size) * static_cast<std::size_t>(thread);
        double* const out = in + in_size;
        const std::int64_t used = std::min(group, lines - line);
        for (std::int64_t i = 0, source = start; i < extended; ++i) {
            for (std::int64_t l = 0; l < used; ++l) in[i * group + l] = load(line + l, source);
            if (++source == length) source = 0;
        }
        correlate_lines(in, kernel.taps, static_cast<std::size_t>(length), out);
        for (std::int64_t i = 0; i < length; ++i)
            for (std::int64_t l = 0; l < used; ++l) store(line + l, i, out[i * group + l]);
    });
}

/// sum += factor * (plane correlated with a gaussian).
void add_gaussian(const Exec& exec, std::span<const float> plane, Extent extent,
                  const AxisKernel& rows, const AxisKernel& columns, double factor,
                  std::vector<double>& sum) {
    const std::int64_t width = extent.width;
    std::vector<double> half(plane.size());
    const float* const in = plane.data();
    double* const between = half.data();
    double* const out = sum.data();
    correlate_axis(
        exec, rows, width, extent.height,
        [=](std::int64_t x, std::int64_t y) { return static_cast<double>(in[y * width + x]); },
        [=](std::int64_t x, std::int64_t y, double value) { between[y * width + x] = value; });
    correlate_axis(
        exec, columns, extent.height, width,
        [=](std::int64_t y, std::int64_t x) { return between[y * width + x]; },
        [=](std::int64_t y, std::int64_t x, double value) {
            out[y * width + x] += factor * value;
        });
}

}  // namespace

void sharpen(const Exec& exec, std::span<float> plane, Extent extent, double smooth_radius,
             double sharpen_radius) {
    const auto rows = [&](double sigma) {
        return axis_kernel(extent.height, extent.height, sigma);
    };
    const auto columns = [&](double sigma) {
        return axis_kernel(extent.width, extent.height, sigma);
    };
    std::vector<double> sum(plane.size(), 0.0);
    if (smooth_radius > 0)
        add_gaussian(exec, plane, extent, rows(smooth_radius), columns(smooth_radius), 1, sum);
    if (sharpen_radius > 0) {
        const AxisKernel y = rows(sharpen_radius);
        const AxisKernel x = columns(sharpen_radius);
        add_gaussian(exec, plane, extent, y, x, -1, sum);
        if (!(smooth_radius > 0)) {
            // Without smoothing the kernel's middle is 1, not 1 less the gaussian's.
            const double middle = 1 + y.centre * x.centre;
            std::ranges::transform(sum, plane, sum.begin(), [&](double value, float pixel) {
                return value + middle * static_cast<double>(pixel);
            });
        }
    }
    std::ranges::transform(sum, plane.begin(), [](double v) { return static_cast<float>(v); });
}

}  // namespace cytofleet::cpu
