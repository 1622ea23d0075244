#include "io/tiff/tiff_bounds.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

namespace cytofleet {
namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;

// Ratios: deflate emits at most 258 bytes for 2 bits, PackBits 128 for 2 bytes, an LZW code of 12
// bits at most 3839 bytes (about 1300 on average), a JPEG block 64 samples for 2 bits with up to 4
// more in subsampled chroma. A fax row may cost one bit and the modern codecs have no useful bound,
// so they get an allowance for small files.
struct Codec {
    std::uint32_t number;
    std::string_view name;
    std::uint64_t ratio;
    std::uint64_t allowance;
};
constexpr Codec unbounded{0, "", 10000, 64 * mebibyte};
constexpr auto codecs = std::to_array<Codec>({
    {1, "none", 1, 0},
    {2, "CCITT RLE", 10000, 64 * mebibyte},
    {3, "CCITT fax 3", 10000, 64 * mebibyte},
    {4, "CCITT fax 4", 10000, 64 * mebibyte},
    {5, "LZW", 1400, mebibyte},
    {6, "old JPEG", 4096, mebibyte},
    {7, "JPEG", 4096, mebibyte},
    {8, "deflate", 1033, mebibyte},
    {32766, "NeXT", 256, mebibyte},
    {32771, "CCITT RLE/W", 10000, 64 * mebibyte},
    {32773, "PackBits", 64, mebibyte},
    {32809, "ThunderScan", 256, mebibyte},
    {32909, "PixarLog", 4200, mebibyte},
    {32946, "deflate", 1033, mebibyte},
    {34661, "JBIG", 10000, 64 * mebibyte},
    {34676, "SGI LogLuv", 512, mebibyte},
    {34677, "SGI LogLuv 24", 512, mebibyte},
    {34887, "LERC", 10000, 64 * mebibyte},
    {34925, "LZMA", 10000, 64 * mebibyte},
    {50000, "Zstandard", 40000, 64 * mebibyte},
    {50001, "WebP", 10000, 64 * mebibyte},
});

const Codec& find_codec(std::uint32_t compression) {
    const auto* const found = std::find_if(codecs.begin(), codecs.end(), [&](const Codec& codec) {
        return codec.number == compression;
    });
    return found == codecs.end() ? unbounded : *found;
}

}  // namespace

std::string compression_name(std::uint32_t compression) {
    const std::string_view name = find_codec(compression).name;
    return name.empty() ? "compression " + std::to_string(compression) : std::string(name);
}

std::uint64_t largest_decoded(std::uint32_t compression, std::uint64_t stored) {
    const Codec& codec = find_codec(compression);
    if (stored > (std::numeric_limits<std::uint64_t>::max() - codec.allowance) / codec.ratio) {
        return std::numeric_limits<std::uint64_t>::max();
    }
    return stored * codec.ratio + codec.allowance;
}

}  // namespace cytofleet
