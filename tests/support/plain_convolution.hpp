// The definition of a convolution, in double, for tests of fast ones.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace cytofleet::test {

/// Stride 1, zero padding of half the kernel. `in`: (in, height, width); `weights`: (out, in,
/// kernel, kernel); returns (out, height, width).
std::vector<double> convolved_plainly(std::span<const double> in, std::int64_t height,
                                      std::int64_t width, std::span<const float> weights,
                                      std::int64_t out_channels, std::int64_t kernel);

/// (channels, height, width) to twice the height and width, nearest neighbour.
std::vector<double> upsampled_plainly(std::span<const double> planes, std::int64_t height,
                                      std::int64_t width);

}  // namespace cytofleet::test
