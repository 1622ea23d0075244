// The convolutions of Cellpose's network as its blocks ask for them (models/cellpose/blocks.cpp).
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "backend/cuda/wanted_convolution.hpp"

namespace cytofleet::cuda {

/// Of `n` tiles of side x side pixels; `widths`: channels of the stages, each of half the size of
/// the one before. Those of equal shape and form once; without the first block's, and those of the
/// up blocks that add what is upsampled, of which the library gets the sums only.
inline std::vector<WantedConvolution> network_convolutions(std::span<const std::int64_t> widths,
                                                           std::int64_t side, std::int64_t n,
                                                           Precision precision) {
    std::vector<WantedConvolution> out;
    for (std::size_t i = 0; i < widths.size(); ++i) {
        const std::int64_t width = widths[i];
        const std::int64_t above = widths[std::min(i + 1, widths.size() - 1)];
        const auto add = [&](std::int64_t in, std::int64_t kernel, const ConvFusion& form) {
            out.push_back({{n, in, width, side, side, kernel, precision}, form});
        };
        if (i > 0) add(widths[i - 1], 1, {PerChannel::shared});                       // proj, down
        if (i > 0) add(widths[i - 1], 3, {PerChannel::shared, false, false, true});   // conv_0
        add(width, 3, {PerChannel::shared, true, false, false, PerChannel::shared});  // conv_1
        add(width, 3, {PerChannel::shared, false, false, true});                      // conv_2
        add(width, 3, {PerChannel::shared, true});                                    // conv_3
        add(above, 3, {PerChannel::per_tile, true, true, true});                      // conv_0, up
        if (i + 1 == widths.size())
            add(width, 3, {PerChannel::shared, true, false, false, PerChannel::per_tile});
        add(width, 3, {PerChannel::per_tile, false, false, true});  // conv_2, up
        side /= 2;
    }
    return out;
}

}  // namespace cytofleet::cuda
