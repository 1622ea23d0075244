// Random numbers, comparison bit by bit, and every instruction set: for tests of anything numeric.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace cytofleet::test {

/// Normally distributed, the same everywhere.
std::vector<float> random_floats(std::int64_t count, std::uint32_t seed, float scale = 1);

/// Every bit equal; the message names the first difference.
testing::AssertionResult same_bits(std::span<const float> got, std::span<const float> wanted);

/// Runs `body` with every instruction set of this CPU in turn.
void for_every_simd(const std::function<void(const std::string& name)>& body);

}  // namespace cytofleet::test
