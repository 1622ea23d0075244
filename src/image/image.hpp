// One grey plane of a file, in the file's own pixel type, and one plane of labels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace cytofleet {

enum class PixelType { boolean, u8, i8, u16, i16, u32, i32, u64, i64, f16, f32, f64 };

/// Bytes of one pixel; 1 for boolean.
std::size_t size_of(PixelType type);
/// numpy's name: "uint16", "bool".
std::string_view name_of(PixelType type);

/// A plane, Y then X, C-ordered, native byte order.
struct Image {
    PixelType type = PixelType::u8;
    std::int64_t height = 0;
    std::int64_t width = 0;
    std::vector<std::byte> bytes;  ///< height * width * size_of(type)
};

/// A plane of labels, Y then X; 0 is background.
struct LabelImage {
    std::int64_t height = 0;
    std::int64_t width = 0;
    std::vector<std::uint32_t> labels;  ///< height * width
    std::uint32_t largest = 0;          ///< largest label present
    std::uint32_t cells = 0;            ///< number of different labels but 0
};

/// Every pixel as float32, rounded to nearest (numpy's astype). `out` has height * width elements.
void to_float(const Image& image, std::span<float> out);

/// Fills `largest` and `cells`.
void count_cells(LabelImage& image);
/// The labels of a mask that was read back, of uint16 or uint32 pixels.
LabelImage labels_of(const Image& mask);

}  // namespace cytofleet
