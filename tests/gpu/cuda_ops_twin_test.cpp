// The GPU's operations, and the whole network on them, against the CPU's.
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "backend/cpu/cpu_ops.hpp"
#include "backend/cuda/cuda_features.hpp"
#include "backend/cuda/cuda_ops.hpp"
#include "backend/cuda/device_pool.hpp"
#include "backend/maps.hpp"
#include "base/error.hpp"
#include "gpu/test_kernels.hpp"
#include "models/cellpose/network.hpp"
#include "models/golden_model.hpp"
#include "support/golden.hpp"
#include "support/numbers.hpp"

namespace cytofleet {
namespace {

using test::random_floats;

constexpr Precision precisions[] = {Precision::fp32, Precision::tf32, Precision::fp16};

/// Of `wanted`, through two convolutions. TF32: a thousandth of the largest. Factors rounded to 10
/// bits make a third of that (tf32_twin_test.cpp), bf16's 7 bits would make more than twice that.
double bar_of(Precision precision, const std::vector<float>& wanted) {
    if (precision != Precision::tf32) return precision == Precision::fp32 ? 1e-4 : 5e-2;
    const auto [low, high] = std::ranges::minmax(wanted);
    return 1e-3 * static_cast<double>(std::max(-low, high));
}

/// What surrounds a convolution.
struct Around {
    bool planar = false;  ///< what it reads
    Sampling sampling = Sampling::same;
    int add = 0;                  ///< 1: of the output's size, 2: of half of it
    bool in_place = false;        ///< the output is what is added
    bool own_bias = false;        ///< not each tile's
    int next = 0;                 ///< 1: told what is asked next, 2: for each tile, 0: not
    bool told_otherwise = false;  ///< what is asked next is not what was told
};

/// Two convolutions, everything around the first, for two tiles that differ, on any backend: what
/// both make, (2, out, height, width) each.
std::vector<float> surrounded(NnOps& ops, const Around& around) {
    const bool planar = around.planar;
    const Sampling sampling = around.sampling;
    const int add = around.add;
    const std::int64_t in = planar ? 2 : 5;
    constexpr std::int64_t out = 12;
    constexpr std::int64_t height = 6;
    constexpr std::int64_t width = 10;
    const std::int64_t shrink = sampling == Sampling::doubled ? 2 : 1;
    const std::int64_t in_pixels = height * width / shrink / shrink;
    const std::int64_t add_shrink = add == 2 ? 2 : 1;
    const std::int64_t add_pixels = height * width / add_shrink / add_shrink;
    const auto x = random_floats(2 * in * in_pixels, 1);
    const auto more = random_floats(2 * out * add_pixels, 2);
    const auto shifts = random_floats(2 * in, 3);
    const auto biases = random_floats(2 * out, 4);
    const auto conv = ops.make_convolution(test::random_convolution(in, out, 3, 5), sampling);
    const Constant scale = ops.make_constant(random_floats(in, 6));
    const Constant add_scale = ops.make_constant(random_floats(out, 7));
    const auto second = ops.make_convolution(test::random_convolution(out, out, 3, 8));
    const Constant next_scale = ops.make_constant(random_floats(out, 9));
    const Constant next_shift = ops.make_constant(random_floats(out, 10));
    const Constant other_shift = ops.make_constant(random_floats(out, 11));
    const auto next_shifts = random_floats(2 * out, 12);
    std::vector<float> result(static_cast<std::size_t>(4 * out * height * width));
    ops.for_pieces(2, [&](Workspace& work, std::int64_t first, std::int64_t count) {
        const auto part = [&](const std::vector<float>& all) {
            const auto each = static_cast<std::ptrdiff_t>(all.size() / 2);
            return std::span(all).subspan(static_cast<std::size_t>(first * each),
                                          static_cast<std::size_t>(count * each));
        };
        const auto put = [&](const std::vector<float>& values, FeaturesPtr there) {
            ops.upload(part(values), *there);
            return there;
        };
        const FeaturesPtr from =
            put(x, planar ? work.make_planar(count, in, height / shrink, width / shrink)
                          : work.make(count, in, height / shrink, width / shrink));
        const FeaturesPtr added =
            put(more, work.make(count, out, height / add_shrink, width / add_shrink));
        const FeaturesPtr shift = put(shifts, work.make(count, in, 1, 1));
        const FeaturesPtr bias = put(biases, work.make(count, out, 1, 1));
        const FeaturesPtr fresh = work.make(count, out, height, width);
        Features& to = around.in_place ? *added : *fresh;
        Epilogue epilogue{.bias = around.own_bias ? nullptr : bias.get(), .relu = true};
        if (add > 0) {
            epilogue.add = added.get();
            epilogue.add_scale = add_scale.get();
        }
        const FeaturesPtr tile_shift = put(next_shifts, work.make(count, out, 1, 1));
        const Activation asked{next_scale.get(),
                               around.next == 2 ? tile_shift.get() : next_shift.get()};
        if (around.next > 0) epilogue.next = asked;
        if (around.told_otherwise) epilogue.next.shift = other_shift.get();
        ops.convolve(work, *conv, *from, {scale.get(), shift.get()}, to, epilogue);
        const FeaturesPtr last = work.make(count, out, height, width);
        ops.convolve(work, *second, to, asked, *last, {});
        const auto each = static_cast<std::size_t>(out * height * width);
        const auto there = [&](std::size_t half) {
            return std::span(result).subspan((2 * half + static_cast<std::size_t>(first)) * each,
                                             static_cast<std::size_t>(count) * each);
        };
        ops.download(to, there(0));
        ops.download(*last, there(1));
    });
    return result;
}

double largest(const std::vector<float>& got, const std::vector<float>& wanted) {
    EXPECT_EQ(got.size(), wanted.size());
    double out = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        const double off = std::abs(static_cast<double>(got[i]) - static_cast<double>(wanted[i]));
        out = std::isnan(off) ? HUGE_VAL : std::max(out, off);
    }
    return out;
}

std::vector<Around> everything_around() {
    std::vector<Around> out;
    for (const Sampling sampling : {Sampling::same, Sampling::doubled})
        for (const int add : {0, 1, 2})
            for (const bool in_place : {false, true})
                for (const bool planar : {false, true})
                    for (const int next : {0, 1, 2}) {
                        if ((in_place && add != 1) || (planar && sampling != Sampling::same))
                            continue;
                        out.push_back({planar, sampling, add, in_place, next == 1, next, false});
                    }
    out.push_back({.next = 1, .told_otherwise = true});
    return out;
}

TEST(CudaOps, ConvolutionsWithEverythingAround) {
    const auto cpu = make_cpu_ops(1);
    for (const Precision precision : precisions) {
        const auto gpu = make_cuda_ops(precision, nullptr, cuda::test_kernels());
        EXPECT_FALSE(gpu->description().empty());
        for (const Around& around : everything_around()) {
            const std::vector<float> wanted = surrounded(*cpu, around);
            EXPECT_LE(largest(surrounded(*gpu, around), wanted), bar_of(precision, wanted))
                << name_of(precision) << ' ' << static_cast<int>(around.sampling) << ' '
                << around.add << ' ' << around.in_place << ' ' << around.planar << ' '
                << around.next;
        }
        EXPECT_FALSE(gpu->choices().empty());
    }
}

TEST(CudaOps, WhatWasPreparedBeforeAWritingIsNotUsedAfterIt) {
    const auto conv_numbers = test::random_convolution(8, 8, 3, 1);
    const std::vector<float> newer = random_floats(8 * 6 * 6, 3);
    const auto run = [&](NnOps& ops) {
        std::vector<float> got(8 * 6 * 6);
        ops.for_pieces(1, [&](Workspace& work, std::int64_t, std::int64_t) {
            const auto conv = ops.make_convolution(conv_numbers);
            const Constant scale = ops.make_constant(random_floats(8, 4));
            const Constant shift = ops.make_constant(random_floats(8, 5));
            const Activation asked{scale.get(), shift.get()};
            const FeaturesPtr x = work.make(1, 8, 12, 12);
            const FeaturesPtr y = work.make(1, 8, 6, 6);
            const FeaturesPtr z = work.make(1, 8, 6, 6);
            ops.upload(random_floats(8 * 12 * 12, 6), *x);
            ops.max_pool(*x, *y, asked);
            ops.upload(newer, *y);
            ops.convolve(work, *conv, *y, asked, *z, {});
            ops.download(*z, got);
        });
        return got;
    };
    EXPECT_LE(largest(run(*make_cuda_ops(Precision::fp32, nullptr, cuda::test_kernels())),
                      run(*make_cpu_ops(1))),
              1e-4);
}

TEST(CudaOps, ValuesPerChannelAreFloat32WhateverThePrecision) {
    const auto gpu = make_cuda_ops(Precision::fp16, nullptr, cuda::test_kernels());
    const auto cpu = make_cpu_ops(1);
    const std::vector<float> styles = random_floats(3 * 13, 1);
    const LinearNumbers numbers{13, 9, random_floats(13 * 9, 2), random_floats(9, 3)};
    const auto run = [&](NnOps& ops) {
        std::vector<float> out(3 * 9);
        const auto layer = ops.make_linear(numbers);
        ops.for_pieces(3, [&](Workspace& work, std::int64_t first, std::int64_t count) {
            const auto part = [&](auto& all, std::int64_t each) {
                return std::span(all).subspan(static_cast<std::size_t>(first * each),
                                              static_cast<std::size_t>(count * each));
            };
            const FeaturesPtr style = work.make(count, 13, 1, 1);
            ops.upload(part(styles, 13), *style);
            ops.unit_length(*style);
            const FeaturesPtr values = work.make(count, 9, 1, 1);
            ops.linear(*layer, *style, *values);
            ops.download(*values, part(out, 9));
        });
        return out;
    };
    EXPECT_TRUE(test::same_bits(run(*gpu), run(*cpu)));
}

TEST(CudaOps, RefuseWhatDoesNotFit) {
    const auto gpu = make_cuda_ops(Precision::fp32, nullptr, cuda::test_kernels());
    gpu->for_pieces(1, [&](Workspace& work, std::int64_t, std::int64_t) {
        const auto conv = gpu->make_convolution(test::random_convolution(8, 8, 3, 1));
        const FeaturesPtr map = work.make(1, 8, 4, 4);
        const FeaturesPtr planes = work.make_planar(1, 8, 4, 4);
        const FeaturesPtr values = work.make(1, 8, 1, 1);
        const FeaturesPtr larger = work.make(1, 8, 8, 8);
        EXPECT_THROW(gpu->convolve(work, *conv, *map, {}, *planes, {}), InternalError);
        EXPECT_THROW(gpu->convolve(work, *conv, *values, {}, *values, {}), InternalError);
        EXPECT_THROW(gpu->convolve(work, *conv, *map, {}, *larger, {}), InternalError);
        EXPECT_THROW(gpu->max_pool(*map, *larger, {}), InternalError);
        EXPECT_THROW(gpu->max_pool(*planes, *map, {}), InternalError);
        EXPECT_THROW(gpu->mean(*map, *map), InternalError);
        EXPECT_THROW(gpu->unit_length(*map), InternalError);
        EXPECT_THROW(gpu->upload(std::vector<float>(3), *map), InternalError);
        EXPECT_THROW(work.make(0, 8, 4, 4), InternalError);
    });
}

TEST(CudaFeatures, ACopyIsForTheOneThatAsksForIt) {
    cuda::DevicePool pool;
    const auto maps = [&](std::int64_t side) {
        return cuda::CudaFeatures(pool, 1, 8, side, side, cuda::CudaFeatures::Layout::channels_last,
                                  cuda::Element::f32);
    };
    cuda::CudaFeatures map = maps(4);
    const cuda::CudaFeatures scale = maps(1);
    const cuda::CudaFeatures shift = maps(1);
    cuda::Scratch copy(pool, 100);
    const void* const place = copy.data();
    map.keep_copy({&scale, &shift}, std::move(copy));
    EXPECT_EQ(map.take_copy({}).data(), nullptr);
    EXPECT_EQ(map.take_copy({&scale, &scale}).data(), nullptr);
    EXPECT_EQ(map.take_copy({&scale, &shift}).data(), place);
    EXPECT_EQ(map.take_copy({&scale, &shift}).data(), nullptr) << "it is no longer kept";
    map.keep_copy({&scale, &shift}, cuda::Scratch(pool, 100));
    map.forget_copy();
    EXPECT_EQ(map.take_copy({&scale, &shift}).data(), nullptr);
}

TEST(DevicePool, UsesBlocksAgain) {
    cuda::DevicePool pool;
    const auto first = pool.take(1000);
    const auto second = pool.take(4000);
    EXPECT_EQ(pool.held(), 5000U);
    pool.give(first);
    pool.give(second);
    const auto fits = pool.take(900);
    EXPECT_EQ(fits.data, first.data);
    const auto too_wasteful = pool.take(1999);
    EXPECT_EQ(too_wasteful.bytes, 1999U);
    const auto again = pool.take(2000);
    EXPECT_EQ(again.data, second.data);
    EXPECT_EQ(pool.held(), 6999U);
    for (const auto& block : {fits, too_wasteful, again}) pool.give(block);
}

struct Answer {
    std::vector<float> output;
    std::vector<float> styles;
};

Answer ask(const std::shared_ptr<NnOps>& ops, const Weights& weights,
           const std::vector<float>& tiles, std::int64_t n, std::int64_t side) {
    CpNet net(ops, weights);
    Answer out{std::vector<float>(static_cast<std::size_t>(3 * n * side * side)),
               std::vector<float>(static_cast<std::size_t>(n * net.style_size()))};
    net(tiles, n, side, side, out.output, out.styles);
    return out;
}

/// A square of a golden network's input, where there are cells.
std::vector<float> golden_square(const std::string& model, std::int64_t side) {
    for (const test::Case& golden : test::cases("network")) {
        if (golden.json.at("model") != model) continue;
        const test::Npy tile = golden.array("tile");
        const std::vector<float> all = tile.floats();
        const std::int64_t height = tile.shape.at(2);
        const std::int64_t width = tile.shape.at(3);
        std::vector<float> out;
        for (std::int64_t c = 0; c < 2; ++c)
            for (std::int64_t y = 0; y < side; ++y)
                for (std::int64_t x = 0; x < side; ++x)
                    out.push_back(all[static_cast<std::size_t>(
                        (c * height + height / 2 - side / 2 + y) * width + width / 2 - side / 2 +
                        x)]);
        return out;
    }
    throw std::runtime_error("no golden network is " + model);
}

TEST(CudaOps, TheWholeNetwork) {
    constexpr std::int64_t side = 16;
    const Weights weights = test::weights_of("cyto_mini");
    const std::vector<float> tile = golden_square("cyto_mini", side);
    const Answer wanted = ask(make_cpu_ops(1), weights, tile, 1, side);
    for (const Precision precision : {Precision::fp32, Precision::fp16}) {
        const Answer got =
            ask(make_cuda_ops(precision, nullptr, cuda::test_kernels()), weights, tile, 1, side);
        const double bar = precision == Precision::fp32 ? 1e-4 : 5e-2;  // of flows about 5 long
        EXPECT_LE(largest(got.output, wanted.output), bar);
        EXPECT_LE(largest(got.styles, wanted.styles), bar / 5);
    }
}

TEST(CudaOps, OtherTilesDoNotShow) {
    constexpr std::int64_t side = 16;
    const Weights weights = test::weights_of("cyto_mini");
    const std::vector<float> tiles = random_floats(2 * 2 * side * side, 32);
    const auto ops = make_cuda_ops(Precision::fp32, nullptr, cuda::test_kernels());
    const Answer both = ask(ops, weights, tiles, 2, side);
    const std::vector<float> last(tiles.begin() + 2 * side * side, tiles.end());
    const Answer alone = ask(ops, weights, last, 1, side);
    const std::vector<float> output(both.output.begin() + 3 * side * side, both.output.end());
    const std::vector<float> styles(both.styles.begin() + std::ssize(both.styles) / 2,
                                    both.styles.end());
    // cuDNN chooses one engine for all batches here, but does not promise that its kernel sums in
    // one order for all. Where it does not: a difference of a few last bits, with these choices.
    std::string choices = ops->description();
    for (const std::string& choice : ops->choices()) choices += "\n  " + choice;
    EXPECT_TRUE(test::same_bits(alone.output, output))
        << "largest difference " << largest(alone.output, output) << ", numbers up to "
        << std::ranges::max(output) << "; " << choices;
    EXPECT_TRUE(test::same_bits(alone.styles, styles))
        << "largest difference " << largest(alone.styles, styles) << "; " << choices;
}

}  // namespace
}  // namespace cytofleet
