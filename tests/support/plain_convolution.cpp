#include "support/plain_convolution.hpp"

#include <algorithm>

namespace cytofleet::test {

std::vector<double> convolved_plainly(std::span<const double> in, std::int64_t height,
                                      std::int64_t width, std::span<const float> weights,
                                      std::int64_t out_channels, std::int64_t kernel) {
    const std::int64_t pixels = height * width;
    const std::int64_t in_channels = std::ssize(in) / pixels;
    const std::int64_t pad = kernel / 2;
    std::vector<double> out(static_cast<std::size_t>(out_channels * pixels));
    const float* weight = weights.data();
    for (std::int64_t o = 0; o < out_channels; ++o)
        for (std::int64_t i = 0; i < in_channels; ++i)
            for (std::int64_t j = -pad; j <= pad; ++j)
                for (std::int64_t k = -pad; k <= pad; ++k) {
                    const auto factor = static_cast<double>(*weight++);
                    for (std::int64_t y = std::max<std::int64_t>(0, -j);
                         y < std::min(height, height - j); ++y) {
                        const double* from = in.data() + i * pixels + (y + j) * width + k;
                        double* to = out.data() + o * pixels + y * width;
                        for (std::int64_t x = std::max<std::int64_t>(0, -k);
                             x < std::min(width, width - k); ++x)
                            to[x] += factor * from[x];
                    }
                }
    return out;
}

std::vector<double> upsampled_plainly(std::span<const double> planes, std::int64_t height,
                                      std::int64_t width) {
    const std::int64_t count = std::ssize(planes) / (height * width);
    std::vector<double> out;
    out.reserve(4 * planes.size());
    for (std::int64_t row = 0; row < count * height; ++row)
        for (int twice = 0; twice < 2; ++twice)
            for (std::int64_t x = 0; x < 2 * width; ++x)
                out.push_back(planes[static_cast<std::size_t>(row * width + x / 2)]);
    return out;
}

}  // namespace cytofleet::test
