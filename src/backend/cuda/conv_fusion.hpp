// What a library's convolution does besides summing, as plain data.
#pragma once

#include <compare>
#include <string>
#include <vector>

namespace cytofleet::cuda {

/// Whether there are float32 values per channel, and whose.
enum class PerChannel {
    none,
    shared,   ///< all tiles'
    per_tile  ///< each tile's own
};

/// y = sums + bias + add_scale * add, at least 0 with `relu`; beside it max(0, scale * y + shift)
/// for the next convolution. Each step in float32; what is added has y's size and is not y.
struct ConvFusion {
    PerChannel bias = PerChannel::none;
    bool add = false;
    bool add_scale = false;  ///< (channels), all tiles'; without: 1
    bool relu = false;
    PerChannel copy_shift = PerChannel::none;  ///< none: no copy; its scale is all tiles'
    auto operator<=>(const ConvFusion&) const = default;
    bool sums_only() const { return *this == ConvFusion{}; }
    std::string text() const;  ///< "bias of each tile, scaled addition, ReLU, copy", "sums only"
};

/// `wanted` and what to take where a library refuses it, the best first; the last is the sums
/// only, after which kernels of our own do the rest (finish_convolution).
std::vector<ConvFusion> forms_of(const ConvFusion& wanted);

}  // namespace cytofleet::cuda
