// What cuDNN is asked for, as plain data; no device is needed.
#include <gtest/gtest.h>

#include "backend/cuda/conv_shape.hpp"

namespace cytofleet::cuda {
namespace {

using Four = std::array<std::int64_t, 4>;

constexpr ConvShape shape{.n = 7,
                          .in = 16,
                          .out = 24,
                          .height = 5,
                          .width = 9,
                          .kernel = 3,
                          .precision = Precision::tf32};

TEST(ConvShape, LayoutsAreChannelsLast) {
    EXPECT_EQ(input_layout(shape).sizes, (Four{7, 16, 5, 9}));
    EXPECT_EQ(input_layout(shape).strides, (Four{5 * 9 * 16, 1, 9 * 16, 16}));
    EXPECT_EQ(weights_layout(shape).sizes, (Four{24, 16, 3, 3}));
    EXPECT_EQ(weights_layout(shape).strides, (Four{3 * 3 * 16, 1, 3 * 16, 16}));
    EXPECT_EQ(output_layout(shape).sizes, (Four{7, 24, 5, 9}));
    EXPECT_EQ(output_layout(shape).strides, (Four{5 * 9 * 24, 1, 9 * 24, 24}));
}

TEST(ConvShape, EveryPartTellsShapesApart) {
    ConvShape other = shape;
    EXPECT_EQ(other, shape);
    for (std::int64_t ConvShape::*part :
         {&ConvShape::n, &ConvShape::in, &ConvShape::out, &ConvShape::height, &ConvShape::width,
          &ConvShape::kernel}) {
        other = shape;
        ++(other.*part);
        EXPECT_NE(other, shape);
    }
    other = shape;
    other.precision = Precision::fp16;
    EXPECT_NE(other, shape);
    EXPECT_EQ(shape.text(), "n 7, 16 to 24 channels, 5 x 9, 3 x 3, tf32");
}

TEST(ConvShape, EnginesThatAreTooCoarseAreRefused) {
    for (const Precision precision : {Precision::fp32, Precision::tf32, Precision::fp16}) {
        EXPECT_TRUE(acceptable({}, precision));
        EXPECT_FALSE(acceptable({.nondeterministic = true}, precision));
        EXPECT_FALSE(acceptable({.rounds_partial_sums = true}, precision));
        EXPECT_FALSE(acceptable({.winograd_of_large_tiles = true}, precision));
        EXPECT_FALSE(acceptable({.fft = true}, precision));
        // In fp32 a tensor core would be TF32's.
        EXPECT_EQ(acceptable({.tensor_core = true}, precision), precision != Precision::fp32);
        EXPECT_EQ(acceptable({.rounds_inputs = true}, precision), precision == Precision::tf32);
    }
}

}  // namespace
}  // namespace cytofleet::cuda
