// The network's kernels on a device against plain loops, in both elements: bit for bit, since the
// order of every sum is fixed.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "gpu/orders.hpp"
#include "kernels/nn/planes_cuda.hpp"
#include "kernels/nn/pointwise_cuda.hpp"
#include "kernels/nn/style_cuda.hpp"
#include "support/numbers.hpp"

namespace cytofleet::cuda {
namespace {

using test::in_every_order;
using test::random_floats;
using test::same_bits;

const Stream stream = nullptr;
constexpr Element elements[] = {Element::f32, Element::f16};

DeviceArray<float> put(const std::vector<float>& values) {
    return DeviceArray<float>(stream, std::span(values));
}

/// Channels-last maps, their channels whole packs: in the element's own precision here and there.
struct Maps {
    MapSize size;
    DeviceArray<std::byte> there;
    std::vector<float> here{};  ///< (n, channels, height, width)

    explicit Maps(MapSize of) : size(of), there(static_cast<std::size_t>(of.bytes())) {}
    static Maps random(MapSize of, std::uint32_t seed) {
        Maps out(of);
        const auto planes =
            put(random_floats(of.n * of.channels * of.height * of.width, seed, 1.5F));
        maps_of_planes(stream, planes.data(), of.channels, {}, {}, out.there.data(), of);
        out.here = out.read();
        return out;
    }
    std::vector<float> read() const {
        DeviceArray<float> planes(
            static_cast<std::size_t>(size.n * size.channels * size.height * size.width));
        planes_of_maps(stream, there.data(), size, size.channels, planes.data());
        return planes.read(stream);
    }
    std::size_t index(std::int64_t n, std::int64_t c, std::int64_t y, std::int64_t x) const {
        return static_cast<std::size_t>(((n * size.channels + c) * size.height + y) * size.width +
                                        x);
    }
    float at(std::int64_t n, std::int64_t c, std::int64_t y, std::int64_t x) const {
        return here[index(n, c, y, x)];
    }
};

/// Values in the element's precision, by way of the device.
std::vector<float> rounded(const std::vector<float>& values, Element element) {
    const auto count = static_cast<std::int64_t>(values.size()) / 8;
    const MapSize size{1, 1, count, 8, element};
    const auto planes = put(values);
    DeviceArray<std::byte> maps(static_cast<std::size_t>(size.bytes()));
    maps_of_planes(stream, planes.data(), 8, {}, {}, maps.data(), size);
    DeviceArray<float> back(values.size());
    planes_of_maps(stream, maps.data(), size, 8, back.data());
    return back.read(stream);
}

template <typename Call>
void for_every_map(MapSize size, const Call& call) {
    for (const Element element : elements)
        for (const std::int64_t channels : {8, 24}) {
            size.channels = channels;
            size.element = element;
            SCOPED_TRACE(testing::Message() << channels << " channels of " << bytes_of(element));
            in_every_order([&] { call(size); });
        }
}

TEST(NnKernels, PlanesToMapsAndBack) {
    for (const Element element : elements)
        for (const std::int64_t channels : {1, 2, 3, 8, 13}) {
            const MapSize size{3, 5, 37, padded_channels(channels), element};
            const std::vector<float> values = random_floats(3 * channels * 5 * 37, 1);
            const auto planes = put(values);
            Maps maps(size);
            maps_of_planes(stream, planes.data(), channels, {}, {}, maps.there.data(), size);
            DeviceArray<float> back(values.size());
            planes_of_maps(stream, maps.there.data(), size, channels, back.data());
            const std::vector<float> got = back.read(stream);
            for (std::size_t i = 0; i < got.size(); ++i)
                ASSERT_LE(std::abs(got[i] - values[i]),
                          element == Element::f32 ? 0.0F : std::abs(values[i]) / 2048 + 1e-7F);
            maps.here = maps.read();
            for (std::int64_t n = 0; n < 3; ++n)
                for (std::int64_t c = channels; c < size.channels; ++c)
                    ASSERT_EQ(maps.at(n, c, 4, 36), 0.0F);
        }
}

TEST(NnKernels, PlanesThroughAnActivation) {
    for (const Element element : elements) {
        const MapSize size{2, 6, 9, 8, element};
        const std::vector<float> values = random_floats(2 * 2 * 6 * 9, 1);
        const std::vector<float> scale = random_floats(2, 2);
        const std::vector<float> shift = random_floats(2 * 2, 3);
        const auto planes = put(values);
        const auto scale_there = put(scale);
        const auto shift_there = put(shift);
        Maps maps(size);
        maps_of_planes(stream, planes.data(), 2, {scale_there.data(), 0}, {shift_there.data(), 2},
                       maps.there.data(), size);
        maps.here = maps.read();
        for (std::size_t i = 0; i < values.size(); ++i) {
            const std::size_t c = i / 54 % 2;
            const std::size_t n = i / 108;
            const float exact = std::max(0.0F, std::fma(values[i], scale[c], shift[2 * n + c]));
            ASSERT_NEAR(maps.here[n * 8 * 54 + c * 54 + i % 54], exact,
                        element == Element::f32 ? 0 : exact / 2048 + 1e-7);
        }
    }
}

TEST(NnKernels, Activation) {
    for_every_map({2, 5, 21}, [](MapSize size) {
        const Maps in = Maps::random(size, 1);
        const std::vector<float> scale = random_floats(size.channels, 2);
        const std::vector<float> shift = random_floats(2 * size.channels, 3);
        const auto scale_there = put(scale);
        const auto shift_there = put(shift);
        for (const bool per_tile : {false, true})
            for (const bool active : {false, true})
                for (const std::int64_t factor : {1, 2}) {
                    MapSize larger = size;
                    larger.height *= factor;
                    larger.width *= factor;
                    Maps out(larger);
                    const ChannelValues s{active ? scale_there.data() : nullptr, 0};
                    const ChannelValues b{active ? shift_there.data() : nullptr,
                                          per_tile ? size.channels : 0};
                    activate(stream, in.there.data(), size, s, b, out.there.data(), larger);
                    std::vector<float> wanted(out.read().size());
                    for (std::int64_t n = 0; n < size.n; ++n)
                        for (std::int64_t c = 0; c < size.channels; ++c)
                            for (std::int64_t y = 0; y < larger.height; ++y)
                                for (std::int64_t x = 0; x < larger.width; ++x) {
                                    float v = in.at(n, c, y / factor, x / factor);
                                    const auto k = static_cast<std::size_t>(c);
                                    const auto t = static_cast<std::size_t>(
                                        per_tile ? n * size.channels + c : c);
                                    if (active) v = std::max(0.0F, std::fma(v, scale[k], shift[t]));
                                    wanted[out.index(n, c, y, x)] = v;
                                }
                    EXPECT_TRUE(same_bits(out.read(), rounded(wanted, size.element)));
                }
    });
}

TEST(NnKernels, WhatFollowsAConvolution) {
    for_every_map({2, 4, 6}, [](MapSize size) {
        const std::vector<float> bias = random_floats(2 * size.channels, 2);
        const std::vector<float> scale = random_floats(size.channels, 3);
        const auto bias_there = put(bias);
        const auto scale_there = put(scale);
        MapSize half = size;
        half.height /= 2;
        half.width /= 2;
        const Maps sums = Maps::random(size, 4);
        for (int variant = 0; variant < 32; ++variant) {
            const bool per_tile = (variant & 1) != 0;
            const bool relu = (variant & 2) != 0;
            const bool scaled = (variant & 4) != 0;
            const bool in_place = (variant & 8) != 0;
            const bool doubled = (variant & 16) != 0 && !in_place;
            const bool adds = variant != 0;
            Maps add = Maps::random(doubled ? half : size, 5);
            Maps fresh(size);
            Maps& out = in_place ? add : fresh;
            Finish finish;
            finish.bias = {bias_there.data(), per_tile ? size.channels : 0};
            if (adds) finish.add = add.there.data();
            finish.add_doubled = doubled;
            if (scaled) finish.add_scale = {scale_there.data(), 0};
            finish.relu = relu;
            finish_convolution(stream, sums.there.data(), size, finish, out.there.data());
            std::vector<float> wanted(sums.here.size());
            for (std::int64_t n = 0; n < size.n; ++n)
                for (std::int64_t c = 0; c < size.channels; ++c)
                    for (std::int64_t y = 0; y < size.height; ++y)
                        for (std::int64_t x = 0; x < size.width; ++x) {
                            const auto k = static_cast<std::size_t>(c);
                            float v =
                                sums.at(n, c, y, x) +
                                bias[per_tile ? static_cast<std::size_t>(n * size.channels) + k
                                              : k];
                            const std::int64_t f = doubled ? 2 : 1;
                            if (adds)
                                v = std::fma(add.at(n, c, y / f, x / f), scaled ? scale[k] : 1.0F,
                                             v);
                            wanted[sums.index(n, c, y, x)] = relu && v < 0 ? 0.0F : v;
                        }
            EXPECT_TRUE(same_bits(out.read(), rounded(wanted, size.element))) << variant;
        }
    });
}

TEST(NnKernels, MaxPool) {
    for (const auto& [height, width] : {std::pair{6L, 14L}, {7L, 9L}})
        for_every_map({2, height, width}, [](MapSize size) {
            const Maps in = Maps::random(size, 1);
            MapSize half = size;
            half.height /= 2;
            half.width /= 2;
            const Maps out(half);
            Maps result(half);
            max_pool(stream, in.there.data(), size, result.there.data());
            const std::vector<float> got = result.read();
            for (std::int64_t n = 0; n < half.n; ++n)
                for (std::int64_t c = 0; c < half.channels; ++c)
                    for (std::int64_t y = 0; y < half.height; ++y)
                        for (std::int64_t x = 0; x < half.width; ++x)
                            ASSERT_EQ(
                                got[out.index(n, c, y, x)],
                                std::max({in.at(n, c, 2 * y, 2 * x), in.at(n, c, 2 * y, 2 * x + 1),
                                          in.at(n, c, 2 * y + 1, 2 * x),
                                          in.at(n, c, 2 * y + 1, 2 * x + 1)}));
        });
}

TEST(NnKernels, CopiesAreWhatActivateMakes) {
    for_every_map({2, 6, 10}, [](MapSize size) {
        MapSize half = size;
        half.height /= 2;
        half.width /= 2;
        const std::vector<float> scale = random_floats(size.channels, 1);
        const std::vector<float> shift = random_floats(2 * size.channels, 2);
        const auto scale_there = put(scale);
        const auto shift_there = put(shift);
        const Maps sums = Maps::random(size, 3);
        for (const std::int64_t stride : {std::int64_t{0}, size.channels}) {
            const ChannelValues s{scale_there.data(), 0};
            const ChannelValues b{shift_there.data(), stride};
            Maps out(size);
            Maps copy(size);
            Maps wanted(size);
            finish_convolution(
                stream, sums.there.data(), size,
                {.bias = {shift_there.data(), size.channels}, .copy = {s, b, copy.there.data()}},
                out.there.data());
            activate(stream, out.there.data(), size, s, b, wanted.there.data(), size);
            EXPECT_TRUE(same_bits(copy.read(), wanted.read()));

            Maps pooled(half);
            Maps pooled_copy(half);
            Maps pooled_wanted(half);
            max_pool(stream, sums.there.data(), size, pooled.there.data(),
                     {s, b, pooled_copy.there.data()});
            activate(stream, pooled.there.data(), half, s, b, pooled_wanted.there.data(), half);
            EXPECT_TRUE(same_bits(pooled_copy.read(), pooled_wanted.read()));
        }
    });
}

TEST(NnKernels, Mean) {
    // More pixels than threads, and fewer.
    for (const auto& [height, width] : {std::pair{19L, 31L}, {3L, 5L}})
        for_every_map({2, height, width}, [](MapSize size) {
            const Maps in = Maps::random(size, 1);
            DeviceArray<float> means(static_cast<std::size_t>(2 * size.channels));
            mean_of_maps(stream, in.there.data(), size, means.data());
            const std::vector<float> got = means.read(stream);
            for (std::size_t i = 0; i < got.size(); ++i) {
                const std::size_t pixels = in.here.size() / got.size();
                double parts[256] = {};
                for (std::size_t p = 0; p < pixels; ++p)
                    parts[p % 256] += static_cast<double>(in.here[i * pixels + p]);
                for (std::size_t half = 128; half > 0; half /= 2)
                    for (std::size_t t = 0; t < half; ++t) parts[t] += parts[t + half];
                ASSERT_EQ(got[i], static_cast<float>(parts[0] / static_cast<double>(pixels)));
            }
        });
}

TEST(NnKernels, UnitLength) {
    for (const std::int64_t channels : {1, 13, 256}) {
        const std::int64_t stride = padded_channels(channels);
        std::vector<float> wanted = random_floats(3 * stride, 4);
        auto values = put(wanted);
        in_every_order([&] {
            values = put(wanted);
            unit_length(stream, values.data(), 3, channels, stride);
        });
        for (std::int64_t n = 0; n < 3; ++n) {
            const auto tile = std::span(wanted).subspan(static_cast<std::size_t>(n * stride),
                                                        static_cast<std::size_t>(stride));
            double squares = 0;
            for (std::int64_t c = 0; c < channels; ++c) {
                const auto value = static_cast<double>(tile[static_cast<std::size_t>(c)]);
                squares += value * value;
            }
            const auto norm = static_cast<float>(std::sqrt(squares));
            for (std::int64_t c = 0; c < stride; ++c) {
                float& value = tile[static_cast<std::size_t>(c)];
                value = c < channels ? value / norm : 0.0F;
            }
        }
        EXPECT_TRUE(same_bits(values.read(stream), wanted)) << channels;
    }
}

TEST(NnKernels, Linear) {
    for (const std::int64_t inputs : {1, 13, 256})
        for (const std::int64_t outputs : {8, 24, 136}) {
            const std::int64_t in_stride = padded_channels(inputs);
            const std::vector<float> weights = random_floats(inputs * outputs, 1);
            const std::vector<float> bias = random_floats(outputs, 2);
            const std::vector<float> in = random_floats(2 * in_stride, 3);
            const auto weights_there = put(weights);
            const auto bias_there = put(bias);
            const auto in_there = put(in);
            DeviceArray<float> out(static_cast<std::size_t>(2 * outputs));
            linear(stream, weights_there.data(), bias_there.data(), inputs, in_there.data(), 2,
                   in_stride, out.data(), outputs);
            std::vector<float> wanted;
            for (std::int64_t n = 0; n < 2; ++n)
                for (std::int64_t o = 0; o < outputs; ++o) {
                    double sum = 0;
                    for (std::int64_t i = 0; i < inputs; ++i)
                        sum += static_cast<double>(
                                   weights[static_cast<std::size_t>(i * outputs + o)]) *
                               static_cast<double>(in[static_cast<std::size_t>(n * in_stride + i)]);
                    wanted.push_back(bias[static_cast<std::size_t>(o)] + static_cast<float>(sum));
                }
            EXPECT_TRUE(same_bits(out.read(stream), wanted)) << inputs << " to " << outputs;
        }
}

TEST(NnKernels, Projection) {
    for_every_map({2, 5, 29}, [](MapSize size) {
        const Maps in = Maps::random(size, 1);
        const std::vector<float> scale = random_floats(size.channels, 2);
        const std::vector<float> shift = random_floats(size.channels, 3);
        for (const std::int64_t outputs : {1, 3, 5}) {
            const std::vector<float> weights = random_floats(outputs * size.channels, 4);
            const std::vector<float> bias = random_floats(outputs, 5);
            const auto scale_there = put(scale);
            const auto shift_there = put(shift);
            const auto weights_there = put(weights);
            const auto bias_there = put(bias);
            DeviceArray<float> planes(static_cast<std::size_t>(2 * outputs * 5 * 29));
            project(stream, in.there.data(), size, scale_there.data(), shift_there.data(),
                    weights_there.data(), bias_there.data(), outputs, planes.data());
            const std::vector<float> got = planes.read(stream);
            for (std::size_t i = 0; i < got.size(); ++i) {
                const auto at = static_cast<std::int64_t>(i);
                const auto o = static_cast<std::size_t>(at / 145 % outputs);
                float sum = 0;
                for (std::int64_t c = 0; c < size.channels; ++c) {
                    const auto k = static_cast<std::size_t>(c);
                    const float v = std::max(
                        0.0F, std::fma(in.at(at / 145 / outputs, c, at % 145 / 29, at % 29),
                                       scale[k], shift[k]));
                    sum =
                        std::fma(v, weights[o * static_cast<std::size_t>(size.channels) + k], sum);
                }
                ASSERT_EQ(got[i], sum + bias[o]) << i;
            }
        }
    });
}

TEST(NnKernels, WeightsAreLaidOutForTensorCores) {
    for (const std::int64_t kernel : {1, 3}) {
        const std::vector<float> weights = random_floats(5 * 3 * kernel * kernel, 1);
        const auto plain = put(weights);
        DeviceArray<float> there(static_cast<std::size_t>(8 * kernel * kernel * 8));
        lay_out_weights(stream, plain.data(), 3, 5, kernel, Element::f32, there.data());
        const std::vector<float> got = there.read(stream);
        for (std::int64_t i = 0; i < std::ssize(got); ++i) {
            const std::int64_t in = i % 8;
            const std::int64_t tap = i / 8 % (kernel * kernel);
            const std::int64_t out = i / 8 / (kernel * kernel);
            const float wanted =
                in < 3 && out < 5
                    ? weights[static_cast<std::size_t>((out * 3 + in) * kernel * kernel + tap)]
                    : 0.0F;
            ASSERT_EQ(got[static_cast<std::size_t>(i)], wanted) << i;
        }
    }
}

TEST(NnKernels, WhatIsNoNumberStaysVisible) {
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    const MapSize size{1, 1, 1, 8, Element::f16};
    const auto planes = put(std::vector<float>(8, nan));
    const auto one = put(std::vector<float>(8, 1.0F));
    Maps maps(size);
    maps_of_planes(stream, planes.data(), 8, {one.data(), 0}, {one.data(), 0}, maps.there.data(),
                   size);
    for (const float value : maps.read()) EXPECT_TRUE(std::isnan(value));
}

}  // namespace
}  // namespace cytofleet::cuda
