#include "kernels/flow/flow.hpp"

#include <algorithm>
#include <limits>

#include "kernels/support/parallel.hpp"
#include "kernels/support/require.hpp"

namespace cytofleet {
namespace {

constexpr std::int64_t square =
    64;  ///< pixels; the flows of a square and its surroundings fit in L2

}  // namespace

std::vector<std::uint32_t> foreground_pixels(const Exec& exec, std::span<const float> logits,
                                             std::int64_t height, std::int64_t width,
                                             float threshold) {
    require(height > 0 && width > 0 && std::ssize(logits) == height * width,
            "logits have the frame's size");
    require(height * width <= std::numeric_limits<std::int32_t>::max(), "pixel indices fit");
    const std::int64_t bands = (height + square - 1) / square;
    std::vector<std::int64_t> first(static_cast<std::size_t>(bands + 1));
    parallel_even(exec, bands, [&](std::int64_t band) {
        const auto begin = logits.begin() + band * square * width;
        const auto end = logits.begin() + std::min(height, (band + 1) * square) * width;
        first[band + 1] =
            std::count_if(begin, end, [threshold](float value) { return value > threshold; });
    });
    for (std::int64_t band = 0; band < bands; ++band) first[band + 1] += first[band];
    std::vector<std::uint32_t> pixels(static_cast<std::size_t>(first[bands]));
    parallel_even(exec, bands, [&](std::int64_t band) {
        std::uint32_t* out = pixels.data() + first[band];
        for (std::int64_t left = 0; left < width; left += square)
            for (std::int64_t y = band * square; y < std::min(height, (band + 1) * square); ++y)
                for (std::int64_t x = left; x < std::min(width, left + square); ++x)
                    if (logits[y * width + x] > threshold)
                        *out++ = static_cast<std::uint32_t>(y * width + x);
    });
    return pixels;
}

void follow_flow(const Exec& exec, const StepField& field, std::span<const std::uint32_t> pixels,
                 std::int64_t steps, std::span<Point> ends) {
    require(pixels.size() == ends.size(), "one end per pixel");
    require(steps >= 0 && steps <= std::int64_t{1} << 30, "steps from 0 to 2^30");
    cpu::follow_flow(exec, field, pixels, steps, ends);
}

}  // namespace cytofleet
