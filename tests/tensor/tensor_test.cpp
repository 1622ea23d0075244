#include "tensor/tensor.hpp"

#include <cstdint>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace cytofleet {
namespace {

TEST(Shape, CountsAndPrints) {
    EXPECT_EQ(Shape().count(), 1);
    EXPECT_EQ(Shape().text(), "()");
    EXPECT_EQ((Shape{7}).count(), 7);
    EXPECT_EQ((Shape{2, 3, 5}).count(), 30);
    EXPECT_EQ((Shape{2, 3, 5}).text(), "(2, 3, 5)");
    EXPECT_EQ((Shape{2, 0, 5}).count(), 0);
    EXPECT_EQ((Shape{2, 3, 5}).rank(), 3U);
    EXPECT_EQ((Shape{2, 3, 5})[1], 3);
    EXPECT_THROW((Shape{2, 3})[2], std::out_of_range);
    EXPECT_EQ((Shape{2, 3}), Shape(std::vector<std::int64_t>{2, 3}));
    EXPECT_NE((Shape{2, 3}), (Shape{3, 2}));
    EXPECT_NE((Shape{2, 3}), (Shape{2, 3, 1}));
}

TEST(Shape, RefusesWhatCannotBe) {
    EXPECT_THROW((Shape{2, -1}).count(), InternalError);
    const std::int64_t large = std::int64_t{1} << 32;
    EXPECT_EQ((Shape{large, large / 4}).count(), std::int64_t{1} << 62);
    EXPECT_THROW((Shape{large, large / 2}).count(), InternalError);
    EXPECT_THROW((Shape{large, large, large}).count(), InternalError);
    EXPECT_EQ((Shape{large, 0, large}).count(), 0);
}

TEST(Tensor, HoldsValuesOnCacheLines) {
    for (const std::int64_t count : {0, 1, 3, 17, 1000}) {
        std::vector<float> numbers(static_cast<std::size_t>(count));
        std::iota(numbers.begin(), numbers.end(), 0.5F);
        const Tensor tensor(Shape{count}, numbers);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.values().data()) % 64, 0U);
        EXPECT_EQ(std::vector<float>(tensor.values().begin(), tensor.values().end()), numbers);
    }
    EXPECT_THROW(Tensor(Shape{2, 3}, std::vector<float>(5)), InternalError);
    EXPECT_TRUE(Tensor().values().empty());
}

TEST(Tensor, MovesWithoutCopying) {
    Tensor from(Shape{2, 2}, std::vector<float>{1, 2, 3, 4});
    const float* numbers = from.values().data();
    Tensor to = std::move(from);
    EXPECT_EQ(to.values().data(), numbers);
    EXPECT_EQ(to.shape(), (Shape{2, 2}));
    Tensor other(Shape{1});
    other = std::move(to);
    EXPECT_EQ(other.values().data(), numbers);
    EXPECT_EQ(other.values()[3], 4.0F);
}

}  // namespace
}  // namespace cytofleet
