#include "backend/maps.hpp"

#include <cmath>

#include "backend/cpu/cpu_ops.hpp"
#include "support/numbers.hpp"

namespace cytofleet::test {
namespace {

constexpr float unit = 1.7320508F;  // random_floats deviate by 1 / sqrt(3)

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
    FeaturesPtr out = work.make_planar(1, planes.channels, planes.height, planes.width);
    ops.upload(planes.values, *out);
    return out;
}

FeaturesPtr laid_out(const NnOps& ops, Workspace& work, const Planes& planes) {
    FeaturesPtr out = work.make(1, planes.channels, planes.height, planes.width);
    ops.upload(planes.values, *out);
    return out;
}

FeaturesPtr values_of_tile(const NnOps& ops, Workspace& work, const std::vector<float>& values) {
    return laid_out(ops, work, {std::ssize(values), 1, 1, values});
}

Planes read_back(const NnOps& ops, const Features& features) {
    Planes out{features.channels, features.height, features.width};
    out.values.resize(
        static_cast<std::size_t>(features.channels * features.height * features.width));
    ops.download(features, out.values);
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
