// Feature maps from and to planes on the host.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "backend/nn_ops.hpp"

namespace cytofleet::test {

/// (channels, height, width).
struct Planes {
    std::int64_t channels = 0;
    std::int64_t height = 0;
    std::int64_t width = 0;
    std::vector<float> values{};
    float at(std::int64_t c, std::int64_t y, std::int64_t x) const {
        return values[static_cast<std::size_t>((c * height + y) * width + x)];
    }
};

/// Normal numbers with a deviation of 1.
Planes random_planes(std::int64_t channels, std::int64_t height, std::int64_t width,
                     std::uint32_t seed);

/// Weights so that outputs deviate as much as inputs do.
ConvNumbers random_convolution(std::int64_t in, std::int64_t out, std::int64_t kernel,
                               std::uint32_t seed);

/// Planar features, as the network's input is.
FeaturesPtr planar(const NnOps& ops, Workspace& work, const Planes& planes);
/// Features in the backend's own layout.
FeaturesPtr laid_out(const NnOps& ops, Workspace& work, const Planes& planes);
/// One tile's values per channel: (1, values.size(), 1, 1).
FeaturesPtr values_of_tile(const NnOps& ops, Workspace& work, const std::vector<float>& values);
/// And back, every bit.
Planes read_back(const NnOps& ops, const Features& features);

/// Runs `body` with a backend of `threads` for every instruction set, in a workspace of its.
void for_every_backend(
    int threads,
    const std::function<void(const std::string& simd, NnOps& ops, Workspace& work)>& body);

}  // namespace cytofleet::test
