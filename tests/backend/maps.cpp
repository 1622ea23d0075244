#include "backend/maps.hpp"

#include <algorithm>
#include <cmath>

#include "backend/cpu/cpu_ops.hpp"
#include "support/numbers.hpp"

namespace cytofleet::test {
namespace {

constexpr float unit = 1.7320508F;  // random_floats deviate by 1 / sqrt(3)

/// `factor` times the identity.
ConvNumbers diagonal(std::int64_t channels, float factor) {
    const auto count = static_cast<std::size_t>(channels);
    ConvNumbers out{channels, channels, 1, std::vector(count * count, 0.0F),
                    std::vector(count, 0.0F)};
    for (std::size_t c = 0; c < count; ++c) out.weights[c * count + c] = factor;
    return out;
}

}  // namespace

Planes random_planes(std::int64_t channels, std::int64_t height, std::int64_t width,
                     std::uint32_t seed) {
    return {channels, height, width, random_floats(channels * height * width, seed, unit)};
}

ConvNumbers random_convolution(std::int64_t in, std::int64_t out, std::int64_t kernel,
                               std::uint32_t seed) {
    const std::int64_t taps = in * kernel * kernel;
    return {in, out, kernel,
            random_floats(out * taps, seed, unit / std::sqrt(static_cast<float>(taps))),
            random_floats(out, seed + 1, unit)};
}

FeaturesPtr planar(const NnOps& ops, Workspace& work, const Planes& planes) {
    FeaturesPtr out = work.make_planar(planes.channels, planes.height, planes.width);
    ops.upload(planes.values, *out);
    return out;
}

FeaturesPtr laid_out(const NnOps& ops, Workspace& work, const Planes& planes) {
    // Few channels at a time, each to its place in the sum: what fast convolutions take planar.
    constexpr std::int64_t few = 2;
    const std::int64_t pixels = planes.height * planes.width;
    FeaturesPtr out = work.make(1, planes.channels, planes.height, planes.width);
    Epilogue sum;
    for (std::int64_t first = 0; first < planes.channels; first += few) {
        const std::int64_t count = std::min(few, planes.channels - first);
        const auto begin = planes.values.begin() + first * pixels;
        const FeaturesPtr in = planar(
            ops, work, {count, planes.height, planes.width, {begin, begin + count * pixels}});
        ConvNumbers place{count, planes.channels, 1,
                          std::vector(static_cast<std::size_t>(count * planes.channels), 0.0F),
                          std::vector(static_cast<std::size_t>(planes.channels), 0.0F)};
        for (std::int64_t c = 0; c < count; ++c)
            place.weights[static_cast<std::size_t>((first + c) * count + c)] = 1;
        ops.convolve(work, *ops.make_convolution(place), *in, nullptr, *out, sum);
        sum.add = out.get();
    }
    return out;
}

Planes read_back(const NnOps& ops, const Features& features) {
    // project() drops what is negative: once for x, once for -x.
    Planes out{features.channels, features.height, features.width};
    out.values.resize(
        static_cast<std::size_t>(features.channels * features.height * features.width));
    std::vector<float> negative(out.values.size());
    const auto count = static_cast<std::size_t>(features.channels);
    const std::vector<float> zeros(count, 0.0F);
    ops.project(features, {std::vector(count, 1.0F), zeros}, diagonal(features.channels, 1),
                out.values);
    ops.project(features, {std::vector(count, -1.0F), zeros}, diagonal(features.channels, -1),
                negative);
    for (std::size_t i = 0; i < negative.size(); ++i) out.values[i] += negative[i];
    return out;
}

void for_every_backend(
    int threads,
    const std::function<void(const std::string& simd, NnOps& ops, Workspace& work)>& body) {
    for_every_simd([&](const std::string& simd) {
        const auto ops = make_cpu_ops(threads);
        ops->for_pieces(
            1, [&](Workspace& work, std::int64_t, std::int64_t) { body(simd, *ops, work); });
    });
}

}  // namespace cytofleet::test
