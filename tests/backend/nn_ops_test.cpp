// Every operation but convolutions, and how work is spread over threads.
#include "backend/nn_ops.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "backend/cpu/cpu_ops.hpp"
#include "backend/maps.hpp"
#include "base/error.hpp"
#include "support/numbers.hpp"

namespace cytofleet::test {
namespace {

constexpr std::int64_t channels[] = {1, 2, 3, 8, 16, 20, 48};

TEST(NnOps, UploadAndReadBackChangeNothing) {
    for_every_backend(1, [](const std::string& simd, NnOps& ops, Workspace& work) {
        for (const std::int64_t count : channels) {
            const Planes planes = random_planes(count, 17, 23, 1);
            for (const FeaturesPtr& there :
                 {laid_out(ops, work, planes), planar(ops, work, planes)})
                EXPECT_TRUE(same_bits(read_back(ops, *there).values, planes.values))
                    << simd << ", " << count << " channels";
            EXPECT_TRUE(same_bits(
                read_back(ops, *ops.make_constant({planes.values.data(), planes.values.size()}))
                    .values,
                planes.values))
                << simd;
        }
        const FeaturesPtr small = work.make(1, 1, 4, 4);
        std::vector<float> planes(17);
        EXPECT_THROW(ops.upload(planes, *small), InternalError);
        EXPECT_THROW(ops.download(*small, planes), InternalError);
    });
}

TEST(NnOps, MaxPool) {
    for_every_backend(1, [](const std::string& simd, NnOps& ops, Workspace& work) {
        for (const std::int64_t count : channels) {
            const Planes in = random_planes(count, 18, 26, 2);
            const FeaturesPtr out = work.make(1, count, 9, 13);
            ops.max_pool(*laid_out(ops, work, in), *out, {});
            const Planes got = read_back(ops, *out);
            for (std::int64_t c = 0; c < count; ++c)
                for (std::int64_t y = 0; y < 9; ++y)
                    for (std::int64_t x = 0; x < 13; ++x)
                        ASSERT_EQ(
                            got.at(c, y, x),
                            std::max({in.at(c, 2 * y, 2 * x), in.at(c, 2 * y, 2 * x + 1),
                                      in.at(c, 2 * y + 1, 2 * x), in.at(c, 2 * y + 1, 2 * x + 1)}))
                            << simd;
        }
    });
}

TEST(NnOps, MaxPoolLeavesOutTheLastOddRowAndColumn) {
    for_every_backend(1, [](const std::string&, NnOps& ops, Workspace& work) {
        const Planes in{1, 3, 5, {1, 2, 3, 4, 90, 5, 6, 7, 8, 91, 92, 93, 94, 95, 96}};
        const FeaturesPtr out = work.make(1, 1, 1, 2);
        ops.max_pool(*laid_out(ops, work, in), *out, {});
        EXPECT_EQ(read_back(ops, *out).values, (std::vector<float>{6, 8}));
    });
}

TEST(NnOps, Mean) {
    for_every_backend(1, [](const std::string& simd, NnOps& ops, Workspace& work) {
        for (const std::int64_t count : channels) {
            const Planes in = random_planes(count, 19, 31, 3);
            const FeaturesPtr means = work.make(1, count, 1, 1);
            ops.mean(*laid_out(ops, work, in), *means);
            const std::vector<float> got = read_back(ops, *means).values;
            for (std::int64_t c = 0; c < count; ++c) {
                double sum = 0;
                for (std::int64_t y = 0; y < 19; ++y)
                    for (std::int64_t x = 0; x < 31; ++x)
                        sum += static_cast<double>(in.at(c, y, x));
                ASSERT_EQ(got[static_cast<std::size_t>(c)], static_cast<float>(sum / (19 * 31)))
                    << simd;
            }
        }
    });
}

TEST(NnOps, UnitLength) {
    for_every_backend(1, [](const std::string& simd, NnOps& ops, Workspace& work) {
        const FeaturesPtr hand = values_of_tile(ops, work, {3, 0, -4});
        ops.unit_length(*hand);
        EXPECT_EQ(read_back(ops, *hand).values, (std::vector<float>{0.6F, 0, -0.8F})) << simd;
        for (const std::int64_t count : channels) {
            const std::vector<float> values = random_floats(count, 8, 1e-3F);
            const FeaturesPtr there = values_of_tile(ops, work, values);
            ops.unit_length(*there);
            const std::vector<float> got = read_back(ops, *there).values;
            double squares = 0;
            for (const float value : values)
                squares += static_cast<double>(value) * static_cast<double>(value);
            for (std::size_t c = 0; c < values.size(); ++c)
                ASSERT_FLOAT_EQ(
                    got[c], static_cast<float>(static_cast<double>(values[c]) / std::sqrt(squares)))
                    << simd;
        }
        // No epsilon: a style without length is no number.
        const FeaturesPtr nothing = values_of_tile(ops, work, {0, 0});
        ops.unit_length(*nothing);
        EXPECT_TRUE(std::isnan(read_back(ops, *nothing).values[0]));
    });
}

std::vector<float> through(const LinearNumbers& numbers, NnOps& ops, Workspace& work,
                           const std::vector<float>& values) {
    const FeaturesPtr out = work.make(1, numbers.out, 1, 1);
    ops.linear(*ops.make_linear(numbers), *values_of_tile(ops, work, values), *out);
    return read_back(ops, *out).values;
}

TEST(NnOps, LinearByHand) {
    for_every_backend(1, [](const std::string&, NnOps& ops, Workspace& work) {
        const LinearNumbers numbers{3, 2, {1, 2, 3, 10, 20, 30}, {0.5F, -1}};
        EXPECT_EQ(through(numbers, ops, work, {1, 0, 0}), (std::vector<float>{1.5F, 9}));
        EXPECT_EQ(through(numbers, ops, work, {2, -1, 0.5F}), (std::vector<float>{2, 14}));
        EXPECT_THROW(through(numbers, ops, work, {2, -1}), InternalError);
        // 2^24 + 1 - 2^24 in float would lose the 1.
        EXPECT_EQ(through({3, 1, {1, 1, 1}, {0.25F}}, ops, work, {16777216, 1, -16777216}),
                  std::vector<float>{1.25F});
    });
}

TEST(NnOps, LinearOfManyChannels) {
    for_every_backend(1, [](const std::string& simd, NnOps& ops, Workspace& work) {
        for (const std::int64_t in : channels)
            for (const std::int64_t out : channels) {
                const LinearNumbers numbers{in, out, random_floats(in * out, 5),
                                            random_floats(out, 6)};
                const std::vector<float> values = random_floats(in, 7);
                const std::vector<float> got = through(numbers, ops, work, values);
                for (std::size_t o = 0; o < got.size(); ++o) {
                    auto sum = static_cast<double>(numbers.bias[o]);
                    for (std::size_t i = 0; i < values.size(); ++i)
                        sum += static_cast<double>(numbers.weights[o * values.size() + i]) *
                               static_cast<double>(values[i]);
                    ASSERT_NEAR(got[o], sum, 1e-6) << simd << ": " << in << " to " << out;
                }
            }
    });
}

TEST(NnOps, Project) {
    double worst = 0;
    for_every_backend(1, [&worst](const std::string& simd, NnOps& ops, Workspace& work) {
        for (const std::int64_t count : channels)
            for (const std::int64_t outputs : {1, 3}) {
                const Planes in = random_planes(count, 13, 22, 4);
                const Affine affine{random_floats(count, 5, 2), random_floats(count, 6, 2)};
                const ConvNumbers numbers = random_convolution(count, outputs, 1, 7);
                const FeaturesPtr planes = work.make_planar(1, outputs, 13, 22);
                ops.project(*ops.make_projection(affine, numbers), *laid_out(ops, work, in),
                            *planes);
                const std::vector<float> got = read_back(ops, *planes).values;
                for (std::size_t i = 0; i < got.size(); ++i) {
                    const std::size_t o = i / (13 * 22);
                    const auto p = static_cast<std::int64_t>(i % (13 * 22));
                    auto sum = static_cast<double>(numbers.bias[o]);
                    for (std::int64_t c = 0; c < count; ++c) {
                        const auto k = static_cast<std::size_t>(c);
                        const double active = static_cast<double>(in.at(c, p / 22, p % 22)) *
                                                  static_cast<double>(affine.scale[k]) +
                                              static_cast<double>(affine.shift[k]);
                        sum += std::max(0.0, active) *
                               static_cast<double>(
                                   numbers.weights[o * static_cast<std::size_t>(count) + k]);
                    }
                    worst = std::max(worst, std::abs(static_cast<double>(got[i]) - sum));
                    ASSERT_NEAR(got[i], sum, 2e-6) << simd;
                }
            }
    });
    RecordProperty("largest error", std::to_string(worst));
}

TEST(NnOps, EveryPieceIsDoneOnce) {
    for (const int threads : {1, 2, 3}) {
        const auto ops = make_cpu_ops(threads);
        EXPECT_FALSE(ops->description().empty());
        for (const std::int64_t n : {0, 1, 2, 7, 40}) {
            std::vector<std::atomic<int>> done(static_cast<std::size_t>(n));
            ops->for_pieces(n, [&](Workspace& work, std::int64_t first, std::int64_t count) {
                const FeaturesPtr map = work.make(1, 16, 8, 8);
                for (std::int64_t i = first; i < first + count; ++i)
                    ++done.at(static_cast<std::size_t>(i));
            });
            EXPECT_TRUE(std::ranges::all_of(done, [](const auto& times) { return times == 1; }));
        }
    }
}

TEST(NnOps, WhatAPieceThrowsComesOut) {
    for (const int threads : {1, 2}) {
        const auto ops = make_cpu_ops(threads);
        const auto run = [&] {
            ops->for_pieces(9, [](Workspace&, std::int64_t first, std::int64_t) {
                if (first == 4) throw std::range_error("four");
            });
        };
        EXPECT_THROW(run(), std::range_error);
        ops->for_pieces(3, [](Workspace& work, std::int64_t, std::int64_t) {
            EXPECT_EQ(work.make(1, 2, 3, 4)->width, 4);  // the workspaces are still good
        });
    }
}

/// A tile through pooling, Winograd and oneDNN.
std::vector<float> small_network(const NnOps& ops, Workspace& work, const Planes& tile,
                                 const std::vector<std::shared_ptr<Convolution>>& layers) {
    const FeaturesPtr in = planar(ops, work, tile);
    const FeaturesPtr first = work.make(1, 20, 34, 26);
    ops.convolve(work, *layers[0], *in, {}, *first, {.relu = true});
    const FeaturesPtr pooled = work.make(1, 20, 17, 13);
    ops.max_pool(*first, *pooled, {});
    const FeaturesPtr second = work.make(1, 20, 34, 26);
    ops.convolve(work, *layers[1], *pooled, {}, *second, {.add = first.get()});
    const FeaturesPtr third = work.make(1, 3, 34, 26);
    ops.convolve(work, *layers[2], *second, {}, *third, {});
    return read_back(ops, *third).values;
}

TEST(NnOps, ThreadsAndOtherTilesDoNotShow) {
    const std::vector<Planes> tiles{random_planes(2, 34, 26, 10), random_planes(2, 34, 26, 11),
                                    random_planes(2, 34, 26, 12), random_planes(2, 34, 26, 13)};
    for_every_simd([&](const std::string& simd) {
        std::vector<std::vector<float>> wanted;
        for (const int threads : {1, 2, 3}) {
            const auto ops = make_cpu_ops(threads);
            const std::vector layers{
                ops->make_convolution(random_convolution(2, 20, 3, 20)),
                ops->make_convolution(random_convolution(20, 20, 3, 21), Sampling::doubled),
                ops->make_convolution(random_convolution(20, 3, 1, 22))};
            // Alone first, then all of them, twice, so that buffers are used again.
            for (const std::int64_t n : {1, 4, 4}) {
                std::vector<std::vector<float>> got(static_cast<std::size_t>(n));
                ops->for_pieces(n, [&](Workspace& work, std::int64_t i, std::int64_t) {
                    const auto at = static_cast<std::size_t>(i);
                    got[at] = small_network(*ops, work, tiles[at], layers);
                });
                if (got.size() > wanted.size()) wanted.resize(got.size());
                for (std::size_t i = 0; i < got.size(); ++i) {
                    if (wanted[i].empty()) wanted[i] = got[i];
                    EXPECT_TRUE(same_bits(got[i], wanted[i]))
                        << simd << ", " << threads << " threads, tile " << i;
                }
            }
        }
    });
}

TEST(Workspaces, HoldOneTile) {
    for_every_backend(1, [](const std::string&, NnOps&, Workspace& work) {
        EXPECT_THROW(work.make(2, 16, 8, 8), InternalError);
        EXPECT_THROW(work.make_planar(2, 2, 8, 8), InternalError);
        const FeaturesPtr map = work.make(1, 5, 6, 7);
        EXPECT_EQ(map->n, 1);
        EXPECT_EQ(map->channels, 5);
        EXPECT_EQ(map->height, 6);
        EXPECT_EQ(map->width, 7);
    });
}

}  // namespace
}  // namespace cytofleet::test
