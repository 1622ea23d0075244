#include "weights/strided_view.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "weights/refused.hpp"

namespace cytofleet {
namespace {

using test::refusal_of;

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

std::vector<float> numbers(std::size_t count) {
    std::vector<float> out(count);
    std::iota(out.begin(), out.end(), 0.0F);
    return out;
}

std::vector<float> read(const StridedView& view, const std::vector<float>& storage) {
    const std::int64_t count = checked_count(view, static_cast<std::int64_t>(storage.size()));
    const Tensor tensor = read_floats(view, std::as_bytes(std::span(storage)));
    EXPECT_EQ(tensor.shape(), Shape(view.sizes));
    const auto values = tensor.values();
    EXPECT_EQ(static_cast<std::int64_t>(values.size()), count);
    return {values.begin(), values.end()};
}

StridedView view_of(std::int64_t offset, std::vector<std::int64_t> sizes,
                    std::vector<std::int64_t> strides) {
    return {ElementType::float32, offset, std::move(sizes), std::move(strides)};
}

using Values = std::vector<float>;

TEST(StridedView, ReadsWindowsInCOrder) {
    const auto storage = numbers(12);
    EXPECT_EQ(read(view_of(0, {2, 3}, {3, 1}), storage), (Values{0, 1, 2, 3, 4, 5}));
    EXPECT_EQ(read(view_of(4, {2, 2}, {2, 1}), storage), (Values{4, 5, 6, 7}));
    EXPECT_EQ(read(view_of(0, {3, 2}, {1, 3}), storage), (Values{0, 3, 1, 4, 2, 5}));
    EXPECT_EQ(read(view_of(1, {3}, {4}), storage), (Values{1, 5, 9}));
    EXPECT_EQ(read(view_of(2, {2, 2, 2}, {4, 1, 2}), storage), (Values{2, 4, 3, 5, 6, 8, 7, 9}));
}

TEST(StridedView, ReadsRepeatsScalarsAndNothing) {
    const auto storage = numbers(4);
    EXPECT_EQ(read(view_of(3, {2, 3}, {0, 0}), storage), (Values{3, 3, 3, 3, 3, 3}));
    EXPECT_EQ(read(view_of(0, {2, 3}, {1, 0}), storage), (Values{0, 0, 0, 1, 1, 1}));
    EXPECT_EQ(read(view_of(2, {}, {}), storage), (Values{2}));
    EXPECT_EQ(read(view_of(0, {0, 5}, {5, 1}), storage), Values{});
    EXPECT_EQ(read(view_of(0, {5, 0}, {most, most}), storage), Values{});
    // An axis of one element has any stride in torch.
    EXPECT_EQ(read(view_of(0, {1, 4}, {most, 1}), storage), (Values{0, 1, 2, 3}));
    EXPECT_EQ(read(view_of(1, {2, 1}, {2, most}), storage), (Values{1, 3}));
}

TEST(StridedView, KeepsWithinTheStorage) {
    EXPECT_EQ(checked_count(view_of(2, {2, 2}, {4, 2}), 9), 4);
    const auto refused = [](const StridedView& view, std::int64_t count) {
        return refusal_of([&] { checked_count(view, count); });
    };
    EXPECT_NE(refused(view_of(2, {2, 2}, {4, 2}), 8).find("element 8 of a storage of 8"),
              std::string::npos);
    refused(view_of(0, {}, {}), 0);
    refused(view_of(1, {1}, {1}), 1);
    refused(view_of(most, {2}, {1}), most);
}

TEST(StridedView, RefusesNegativeOverflowingAndUnequalNumbers) {
    const auto refused = [](const StridedView& view) {
        return refusal_of([&] { checked_count(view, 100); });
    };
    refused(view_of(-1, {1}, {1}));
    refused(view_of(0, {-1}, {1}));
    refused(view_of(0, {2}, {-1}));
    refused(view_of(0, {2, 2}, {1}));
    refused(view_of(0, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1, 1, 1}));
    const std::string overflows = "overflow";
    EXPECT_NE(refused(view_of(0, {1LL << 32, 1LL << 32}, {0, 0})).find(overflows),
              std::string::npos);
    EXPECT_NE(refused(view_of(0, {3, 3}, {most, 1})).find(overflows), std::string::npos);
    EXPECT_NE(refused(view_of(most, {2, 2}, {1, 1})).find(overflows), std::string::npos);
    EXPECT_NE(refused(view_of(0, {most, 2}, {2, 1})).find(overflows), std::string::npos);
    EXPECT_NE(refused(view_of(0, {2}, {most})).find("reaches to element"), std::string::npos);
}

template <typename T>
std::vector<std::byte> bytes_of_all(const std::vector<T>& values) {
    const auto bytes = std::as_bytes(std::span(values));
    return {bytes.begin(), bytes.end()};
}

TEST(StridedView, WidensEveryHalfExactly) {
    std::vector<std::uint16_t> halves(1 << 16);
    std::iota(halves.begin(), halves.end(), std::uint16_t{0});
    const StridedView view{ElementType::float16, 0, {1 << 16}, {1}};
    const Tensor tensor = read_floats(view, bytes_of_all(halves));
    for (int bits = 0; bits < 1 << 16; ++bits) {
        const int exponent = bits >> 10 & 31;
        const int mantissa = bits & 1023;
        const float value = tensor.values()[static_cast<std::size_t>(bits)];
        ASSERT_EQ(std::signbit(value), bits >> 15 == 1) << bits;
        if (exponent == 31 && mantissa != 0) {
            ASSERT_TRUE(std::isnan(value)) << bits;
            continue;
        }
        const double magnitude = exponent == 31  ? std::numeric_limits<double>::infinity()
                                 : exponent == 0 ? std::ldexp(mantissa, -24)
                                                 : std::ldexp(1024 + mantissa, exponent - 25);
        ASSERT_EQ(std::fabs(static_cast<double>(value)), magnitude) << bits;
    }
}

TEST(StridedView, WidensBfloat16) {
    const std::vector<std::uint16_t> stored{0x3f80, 0xc000, 0x0001, 0x8000, 0x7f80};
    const Tensor tensor = read_floats({ElementType::bfloat16, 0, {5}, {1}}, bytes_of_all(stored));
    const auto values = tensor.values();
    EXPECT_EQ(values[0], 1.0F);
    EXPECT_EQ(values[1], -2.0F);
    EXPECT_EQ(values[2], std::ldexp(1.0F, -133));
    EXPECT_TRUE(std::signbit(values[3]));
    EXPECT_TRUE(std::isinf(values[4]));
}

TEST(StridedView, RoundsDoublesToNearestEven) {
    const std::vector<double> stored{1.0 + 0x1p-24, 1.0 + 0x1.8p-23, 1.0 + 0x1p-24 + 0x1p-50,
                                     -0.1,          0x1p-149 * 0.5,  1e300};
    const Tensor tensor = read_floats({ElementType::float64, 0, {6}, {1}}, bytes_of_all(stored));
    const auto values = tensor.values();
    EXPECT_EQ(values[0], 1.0F);
    EXPECT_EQ(values[1], 1.0F + 0x1p-22F);
    EXPECT_EQ(values[2], 1.0F + 0x1p-23F);
    EXPECT_EQ(values[3], -0.1F);
    EXPECT_EQ(values[4], 0.0F);
    EXPECT_TRUE(std::isinf(values[5]));
}

TEST(StridedView, ReadsEveryIntegerType) {
    using Integers = std::vector<std::int64_t>;
    const auto read = [](ElementType type, const std::vector<std::byte>& bytes) {
        return read_integers({type, 0, {2}, {1}}, bytes);
    };
    EXPECT_EQ(read(ElementType::int64, bytes_of_all(std::vector<std::int64_t>{-1, most})),
              (Integers{-1, most}));
    EXPECT_EQ(read(ElementType::int32, bytes_of_all(std::vector<std::int32_t>{-1, 70000})),
              (Integers{-1, 70000}));
    EXPECT_EQ(read(ElementType::int16, bytes_of_all(std::vector<std::int16_t>{-1, 300})),
              (Integers{-1, 300}));
    EXPECT_EQ(read(ElementType::int8, {std::byte{0xff}, std::byte{7}}), (Integers{-1, 7}));
    EXPECT_EQ(read(ElementType::uint8, {std::byte{0xff}, std::byte{7}}), (Integers{255, 7}));
    EXPECT_EQ(read(ElementType::boolean, {std::byte{0}, std::byte{2}}), (Integers{0, 1}));
}

}  // namespace
}  // namespace cytofleet
