#include "image/image.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/half.hpp"

namespace cytofleet {
namespace {

template <typename T>
Image image_of(PixelType type, const std::vector<T>& pixels) {
    Image image{type, 1, std::ssize(pixels), std::vector<std::byte>(pixels.size() * sizeof(T))};
    std::memcpy(image.bytes.data(), pixels.data(), image.bytes.size());
    return image;
}

template <typename T>
std::vector<float> floats_of(PixelType type, const std::vector<T>& pixels) {
    std::vector<float> out(pixels.size());
    to_float(image_of(type, pixels), out);
    return out;
}

using Floats = std::vector<float>;

TEST(ToFloat, EveryIntegerType) {
    EXPECT_EQ((floats_of<std::uint8_t>(PixelType::boolean, {0, 1})), (Floats{0, 1}));
    EXPECT_EQ((floats_of<std::uint8_t>(PixelType::u8, {0, 1, 255})), (Floats{0, 1, 255}));
    EXPECT_EQ((floats_of<std::int8_t>(PixelType::i8, {-128, -1, 127})), (Floats{-128, -1, 127}));
    EXPECT_EQ((floats_of<std::uint16_t>(PixelType::u16, {0, 513, 65535})), (Floats{0, 513, 65535}));
    EXPECT_EQ((floats_of<std::int16_t>(PixelType::i16, {-32768, -2, 32767})),
              (Floats{-32768, -2, 32767}));
}

TEST(ToFloat, LargeNumbersAreRoundedToTheNearestEven) {
    // Floats lie 2 apart from 2^24 on, 256 apart below 2^32, 2^40 apart below 2^64.
    EXPECT_EQ((floats_of<std::uint32_t>(PixelType::u32,
                                        {16777217, 16777219, 4294967295U, 4294967040U + 127})),
              (Floats{16777216, 16777220, 4294967296.0F, 4294967040.0F}));
    EXPECT_EQ((floats_of<std::int32_t>(
                  PixelType::i32, {-16777217, 16777219, std::numeric_limits<std::int32_t>::min()})),
              (Floats{-16777216, 16777220, -2147483648.0F}));
    EXPECT_EQ((floats_of<std::uint64_t>(PixelType::u64,
                                        {1, ~std::uint64_t{0}, (std::uint64_t{1} << 63) + 1})),
              (Floats{1, 18446744073709551616.0F, 9223372036854775808.0F}));
    EXPECT_EQ(
        (floats_of<std::int64_t>(PixelType::i64, {-1, std::numeric_limits<std::int64_t>::min(),
                                                  (std::int64_t{1} << 53) + 1})),
        (Floats{-1, -9223372036854775808.0F, 9007199254740992.0F}));
}

TEST(ToFloat, FloatingPointTypes) {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    const Floats single{0.1F, -infinity, 1e-45F, 3.4e38F};
    EXPECT_EQ(floats_of(PixelType::f32, single), single);
    EXPECT_EQ((floats_of<double>(PixelType::f64, {0.1, 1e300, 1e-60, 16777217})),
              (Floats{0.1F, infinity, 0, 16777216}));
    EXPECT_EQ((floats_of<std::uint16_t>(PixelType::f16, {0x3c00, 0xc000, 0x7bff, 0x0001, 0x7c00})),
              (Floats{1, -2, 65504, 5.9604645e-8F, infinity}));
    const double nan = std::numeric_limits<double>::quiet_NaN();
    EXPECT_TRUE(std::isnan(floats_of<double>(PixelType::f64, {nan})[0]));
    EXPECT_TRUE(std::isnan(floats_of<std::uint16_t>(PixelType::f16, {0x7e00})[0]));
}

TEST(FromHalf, EveryNumberByTheDefinition) {
    for (std::uint32_t bits = 0; bits < 65536; ++bits) {
        const float got = from_half(static_cast<std::uint16_t>(bits));
        const int exponent = static_cast<int>(bits >> 10 & 31U);
        const auto fraction = static_cast<double>(bits & 1023U);
        const double sign = bits >> 15 != 0 ? -1.0 : 1.0;
        ASSERT_EQ(std::signbit(got), sign < 0) << bits;
        if (exponent == 31 && fraction != 0) {
            ASSERT_TRUE(std::isnan(got)) << bits;
        } else if (exponent == 31) {
            ASSERT_EQ(got, sign * std::numeric_limits<double>::infinity()) << bits;
        } else {
            const double size = exponent == 0 ? std::ldexp(fraction, -24)
                                              : std::ldexp(1024 + fraction, exponent - 25);
            ASSERT_EQ(static_cast<double>(got), sign * size) << bits;
        }
    }
}

TEST(FromBfloat, IsTheUpperHalfOfAFloat) {
    EXPECT_EQ(from_bfloat(0x3f80), 1.0F);
    EXPECT_EQ(from_bfloat(0xc049), -3.140625F);
    EXPECT_TRUE(std::isnan(from_bfloat(0x7fc0)));
}

TEST(ToFloat, RefusesPlanesOfAnotherSize) {
    Image image = image_of<std::uint16_t>(PixelType::u16, {1, 2, 3});
    Floats out(2);
    EXPECT_THROW(to_float(image, out), InternalError);
    out.resize(3);
    image.bytes.pop_back();
    EXPECT_THROW(to_float(image, out), InternalError);
}

TEST(PixelTypes, HaveNumpysNamesAndSizes) {
    const std::vector<std::pair<PixelType, std::string>> names{
        {PixelType::boolean, "bool"}, {PixelType::u8, "uint8"},    {PixelType::i8, "int8"},
        {PixelType::u16, "uint16"},   {PixelType::i16, "int16"},   {PixelType::u32, "uint32"},
        {PixelType::i32, "int32"},    {PixelType::u64, "uint64"},  {PixelType::i64, "int64"},
        {PixelType::f16, "float16"},  {PixelType::f32, "float32"}, {PixelType::f64, "float64"}};
    for (const auto& [type, name] : names) {
        EXPECT_EQ(name_of(type), name);
        const auto digits = name.find_first_of("0123456789");
        const std::size_t bits = digits == std::string::npos ? 8 : std::stoul(name.substr(digits));
        EXPECT_EQ(size_of(type), bits / 8) << name;
    }
}

}  // namespace
}  // namespace cytofleet
