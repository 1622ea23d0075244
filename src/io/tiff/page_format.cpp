#include "io/tiff/page_format.hpp"

#include <bit>
#include <cstring>

#include "base/error.hpp"

namespace cytofleet {
namespace {

template <typename T>
void put(std::byte* out, std::int64_t index, T value) {
    std::memcpy(out + index * static_cast<std::int64_t>(sizeof(T)), &value, sizeof(T));
}

std::uint32_t load_24(const std::byte* bytes) {
    const auto a = std::to_integer<std::uint32_t>(bytes[0]);
    const auto b = std::to_integer<std::uint32_t>(bytes[1]);
    const auto c = std::to_integer<std::uint32_t>(bytes[2]);
    return std::endian::native == std::endian::little ? a | b << 8U | c << 16U
                                                      : a << 16U | b << 8U | c;
}

// 1 sign, 7 exponent (bias 63), 16 mantissa bits: every value is exact in float32.
float widen_float24(std::uint32_t raw) {
    const std::uint32_t sign = (raw >> 23U) << 31U;
    std::uint32_t exponent = raw >> 16U & 0x7FU;
    std::uint32_t mantissa = raw & 0xFFFFU;
    if (exponent == 0x7F) return std::bit_cast<float>(sign | 0x7F800000U | mantissa << 7U);
    if (exponent == 0) {
        if (mantissa == 0) return std::bit_cast<float>(sign);
        exponent = 1;
        while ((mantissa & 0x10000U) == 0) {
            mantissa <<= 1U;
            --exponent;
        }
        mantissa &= 0xFFFFU;
    }
    // The exponent may have wrapped below zero; adding the bias brings it back.
    return std::bit_cast<float>(sign | (exponent + 64U) << 23U | mantissa << 7U);
}

}  // namespace

std::optional<PixelType> pixel_type(std::uint32_t bits, std::uint32_t sample_format) {
    switch (sample_format) {
        case 1:
        case 4:
            if (bits == 1) return PixelType::boolean;
            if (bits >= 2 && bits <= 8) return PixelType::u8;
            if (bits > 8 && bits <= 16) return PixelType::u16;
            if (bits > 16 && bits <= 32) return PixelType::u32;
            if (bits == 64) return PixelType::u64;
            return std::nullopt;
        case 2:
            if (bits == 1) return PixelType::boolean;
            if (bits == 8) return PixelType::i8;
            if (bits == 16) return PixelType::i16;
            if (bits == 32) return PixelType::i32;
            if (bits == 64) return PixelType::i64;
            return std::nullopt;
        case 3:
            if (bits == 16) return PixelType::f16;
            if (bits == 24 || bits == 32) return PixelType::f32;
            if (bits == 64) return PixelType::f64;
            return std::nullopt;
        default:
            return std::nullopt;
    }
}

void unpack_row(const PageFormat& format, std::span<const std::byte> packed, std::int64_t count,
                bool native_24, std::byte* out) {
    const std::uint32_t bits = format.bits;
    ensure(packed.size() >= (static_cast<std::uint64_t>(count) * bits + 7) / 8,
           "a packed row holds its samples");
    if (bits == 24 && (native_24 || format.type == PixelType::f32)) {
        for (std::int64_t i = 0; i < count; ++i) {
            const std::uint32_t raw = load_24(packed.data() + 3 * i);
            if (format.type == PixelType::f32) {
                put(out, i, widen_float24(raw));
            } else {
                put(out, i, raw);
            }
        }
        return;
    }
    std::uint64_t buffer = 0;
    std::uint32_t held = 0;
    const std::byte* next = packed.data();
    const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
    for (std::int64_t i = 0; i < count; ++i) {
        while (held < bits) {
            buffer = buffer << 8U | std::to_integer<std::uint64_t>(*next++);
            held += 8;
        }
        held -= bits;
        const std::uint64_t value = buffer >> held & mask;
        switch (size_of(format.type)) {
            case 1:
                put(out, i, static_cast<std::uint8_t>(value));
                break;
            case 2:
                put(out, i, static_cast<std::uint16_t>(value));
                break;
            default:
                put(out, i, static_cast<std::uint32_t>(value));
        }
    }
}

}  // namespace cytofleet
