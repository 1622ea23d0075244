#include "image/image.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_set>
#include <vector>

#include "base/error.hpp"
#include "base/half.hpp"

namespace cytofleet {
namespace {

template <typename T>
void convert(const Image& image, std::span<float> out) {
    for (std::size_t i = 0; i < out.size(); ++i) {
        T value;
        std::memcpy(&value, image.bytes.data() + i * sizeof(T), sizeof(T));
        out[i] = static_cast<float>(value);
    }
}

}  // namespace

std::size_t size_of(PixelType type) {
    switch (type) {
        case PixelType::boolean:
        case PixelType::u8:
        case PixelType::i8:
            return 1;
        case PixelType::u16:
        case PixelType::i16:
        case PixelType::f16:
            return 2;
        case PixelType::u32:
        case PixelType::i32:
        case PixelType::f32:
            return 4;
        case PixelType::u64:
        case PixelType::i64:
        case PixelType::f64:
            return 8;
    }
    throw InternalError("unknown pixel type");
}

std::string_view name_of(PixelType type) {
    switch (type) {
        case PixelType::boolean:
            return "bool";
        case PixelType::u8:
            return "uint8";
        case PixelType::i8:
            return "int8";
        case PixelType::u16:
            return "uint16";
        case PixelType::i16:
            return "int16";
        case PixelType::u32:
            return "uint32";
        case PixelType::i32:
            return "int32";
        case PixelType::u64:
            return "uint64";
        case PixelType::i64:
            return "int64";
        case PixelType::f16:
            return "float16";
        case PixelType::f32:
            return "float32";
        case PixelType::f64:
            return "float64";
    }
    throw InternalError("unknown pixel type");
}

void to_float(const Image& image, std::span<float> out) {
    ensure(static_cast<std::int64_t>(out.size()) == image.height * image.width &&
               image.bytes.size() == out.size() * size_of(image.type),
           "image and float plane have one size");
    switch (image.type) {
        case PixelType::boolean:
        case PixelType::u8:
            return convert<std::uint8_t>(image, out);
        case PixelType::i8:
            return convert<std::int8_t>(image, out);
        case PixelType::u16:
            return convert<std::uint16_t>(image, out);
        case PixelType::i16:
            return convert<std::int16_t>(image, out);
        case PixelType::u32:
            return convert<std::uint32_t>(image, out);
        case PixelType::i32:
            return convert<std::int32_t>(image, out);
        case PixelType::u64:
            return convert<std::uint64_t>(image, out);
        case PixelType::i64:
            return convert<std::int64_t>(image, out);
        case PixelType::f32:
            return convert<float>(image, out);
        case PixelType::f64:
            return convert<double>(image, out);
        case PixelType::f16:
            for (std::size_t i = 0; i < out.size(); ++i) {
                std::uint16_t half = 0;
                std::memcpy(&half, image.bytes.data() + 2 * i, 2);
                out[i] = from_half(half);
            }
            return;
    }
}

void count_cells(LabelImage& image) {
    image.largest = 0;
    image.cells = 0;
    // Labels are mostly as small as the cells are many; memory does not follow one that is not.
    std::vector<bool> seen(image.labels.size() + 65536);
    std::unordered_set<std::uint32_t> large;
    std::uint32_t before = 0;
    for (const std::uint32_t label : image.labels) {
        if (label == before || label == 0) continue;
        before = label;
        image.largest = std::max(image.largest, label);
        if (label >= seen.size()) {
            large.insert(label);
        } else if (!seen[label]) {
            seen[label] = true;
            ++image.cells;
        }
    }
    image.cells += static_cast<std::uint32_t>(large.size());
}

LabelImage labels_of(const Image& mask) {
    ensure(mask.type == PixelType::u16 || mask.type == PixelType::u32,
           "a mask has uint16 or uint32 pixels");
    LabelImage out{mask.height, mask.width, {}, 0, 0};
    const auto count = static_cast<std::size_t>(mask.height * mask.width);
    out.labels.resize(count);
    if (mask.type == PixelType::u32) {
        std::memcpy(out.labels.data(), mask.bytes.data(), count * sizeof(std::uint32_t));
    } else {
        std::vector<std::uint16_t> narrow(count);
        std::memcpy(narrow.data(), mask.bytes.data(), count * sizeof(std::uint16_t));
        std::ranges::copy(narrow, out.labels.begin());
    }
    count_cells(out);
    return out;
}

}  // namespace cytofleet
