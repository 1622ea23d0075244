// How the pixels of one TIFF page are stored, and unpacking of odd bit depths.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "image/image.hpp"

namespace cytofleet {

/// Pages of one series agree in all of this.
struct PageFormat {
    std::int64_t width = 0;
    std::int64_t height = 0;
    std::int64_t samples = 1;
    bool planar =
        false;  ///< samples in planes of their own, not side by side; false for one sample
    std::uint32_t bits = 1;           ///< of one sample in the file
    std::uint32_t sample_format = 1;  ///< 1 unsigned, 2 signed, 3 float, 4 undefined
    PixelType type = PixelType::u8;   ///< after unpacking
    bool operator==(const PageFormat&) const = default;

    /// Values in one page, all samples.
    std::int64_t elements() const { return width * height * samples; }
    /// Bytes of one row of `columns` pixels as stored, `per_pixel` samples side by side.
    std::uint64_t packed_row(std::uint64_t columns, std::uint64_t per_pixel) const {
        return (columns * per_pixel * bits + 7) / 8;
    }
    bool unpacked() const { return bits == 8 * size_of(type); }
};

/// Pixel type that holds `bits` of a sample format; absent when none does. As tifffile: 1 bit is
/// boolean, 2 to 7 go into 8, 9 to 15 into 16, 17 to 31 into 32 bits; float24 into float32.
std::optional<PixelType> pixel_type(std::uint32_t bits, std::uint32_t sample_format);

/// Spreads one row of packed samples, high bit first, into `count` values of format.type.
/// `native_24`: the bytes of 24-bit samples are in native order instead, as libtiff leaves them
/// after swapping; float24 always is.
void unpack_row(const PageFormat& format, std::span<const std::byte> packed, std::int64_t count,
                bool native_24, std::byte* out);

}  // namespace cytofleet
