#include "support/numbers.hpp"

#include <bit>
#include <cstddef>
#include <random>

#include <hwy/targets.h>

namespace cytofleet::test {

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
