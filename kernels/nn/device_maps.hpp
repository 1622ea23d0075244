// Feature maps in device memory, as the kernels of a network see them: channels-last.
#pragma once

#include <cstdint>

namespace cytofleet::cuda {

enum class Element { f32, f16 };

constexpr std::int64_t bytes_of(Element element) {
    return element == Element::f32 ? 4 : 2;
}

/// Channels in memory: a multiple of 8, which tensor cores and 16-byte loads want; zeros pad.
constexpr std::int64_t padded_channels(std::int64_t channels) {
    return (channels + 7) / 8 * 8;
}

/// (n, height, width, channels); `channels` are those in memory.
struct MapSize {
    std::int64_t n = 0;
    std::int64_t height = 0;
    std::int64_t width = 0;
    std::int64_t channels = 0;
    Element element = Element::f32;
    std::int64_t bytes() const { return n * height * width * channels * bytes_of(element); }
};

/// Float32 values per channel, zero where channels are padding. Null: none.
struct ChannelValues {
    const float* data = nullptr;
    std::int64_t tile_stride = 0;  ///< 0: all tiles share them
};

}  // namespace cytofleet::cuda
