#include "kernels/planes.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <random>

#include <hwy/targets.h>

namespace cytofleet::test {

std::vector<float> planes_of(const Npy& interleaved) {
    const std::vector<float> values = interleaved.floats();
    const auto channels = static_cast<std::size_t>(interleaved.shape.at(2));
    const std::size_t pixels = values.size() / channels;
    std::vector<float> out(values.size());
    for (std::size_t i = 0; i < values.size(); ++i)
        out[i % channels * pixels + i / channels] = values[i];
    return out;
}

Extent extent_of(const Npy& array) {
    return {array.shape.at(0), array.shape.at(1)};
}

std::vector<float> channels_of(const Case& golden, Extent extent) {
    const Npy input = golden.array("input");
    const auto pixels = static_cast<std::size_t>(extent.pixels());
    if (input.shape.size() == 2) {
        std::vector<float> out = input.floats();
        out.resize(2 * pixels, 0.0F);
        return out;
    }
    const std::vector<float> all = input.shape.back() == 2 ? planes_of(input) : input.floats();
    std::vector<float> out;
    for (const std::size_t channel : golden.json.at("kwargs").at("channels")) {
        const auto first = all.begin() + static_cast<std::ptrdiff_t>((channel - 1) * pixels);
        out.insert(out.end(), first, first + static_cast<std::ptrdiff_t>(pixels));
    }
    return out;
}

std::vector<float> random_floats(std::int64_t count, std::uint32_t seed, float scale) {
    std::mt19937 bits(seed);
    std::vector<float> out(static_cast<std::size_t>(count));
    for (float& value : out) {
        float sum = 0;  // of uniform numbers; std::normal_distribution differs between libraries
        for (int i = 0; i < 4; ++i) sum += static_cast<float>(bits() >> 8U) / 16777216.0F - 0.5F;
        value = scale * sum;
    }
    return out;
}

testing::AssertionResult same_bits(std::span<const float> got, std::span<const float> wanted) {
    if (got.size() != wanted.size())
        return testing::AssertionFailure() << got.size() << " values, not " << wanted.size();
    const auto bits = [](float value) { return std::bit_cast<std::uint32_t>(value); };
    std::size_t wrong = 0;
    std::size_t first = 0;
    for (std::size_t i = got.size(); i-- > 0;) {
        if (bits(got[i]) == bits(wanted[i])) continue;
        ++wrong;
        first = i;
    }
    if (wrong == 0) return testing::AssertionSuccess();
    return testing::AssertionFailure()
           << wrong << " of " << got.size() << " values differ, the first at " << first << ": "
           << std::hexfloat << got[first] << ", not " << wanted[first];
}

void for_every_simd(const std::function<void(const std::string& name)>& body) {
    std::vector<std::int64_t> targets;
    for (std::int64_t left = hwy::SupportedTargets(); left != 0; left &= left - 1)
        targets.push_back(left & -left);
    for (const std::int64_t target : targets) {
        hwy::SetSupportedTargetsForTest(target);
        hwy::GetChosenTarget().Update(hwy::SupportedTargets());
        body(hwy::TargetName(target));
    }
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace cytofleet::test
