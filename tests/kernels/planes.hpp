// Frames for tests of kernels: from the golden data, random, and compared bit by bit.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/resize/resize.hpp"
#include "support/golden.hpp"
#include "support/npy.hpp"

namespace cytofleet::test {

/// (H, W, C) as C planes of (H, W).
std::vector<float> planes_of(const Npy& interleaved);

/// Height and width of an array whose first two axes they are.
Extent extent_of(const Npy& array);

/// The two channels that Cellpose takes from the input of a case of stages/, as planes.
std::vector<float> channels_of(const Case& golden, Extent extent);

/// Normally distributed, the same everywhere.
std::vector<float> random_floats(std::int64_t count, std::uint32_t seed, float scale = 1);

/// Every bit equal; the message names the first difference.
testing::AssertionResult same_bits(std::span<const float> got, std::span<const float> wanted);

/// Runs `body` with every instruction set of this CPU in turn.
void for_every_simd(const std::function<void(const std::string& name)>& body);

}  // namespace cytofleet::test
