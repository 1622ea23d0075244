// Frames for tests of kernels, from the golden data.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/normalize/normalize.hpp"
#include "kernels/resize/resize.hpp"
#include "support/golden.hpp"
#include "support/npy.hpp"
#include "support/numbers.hpp"

namespace cytofleet::test {

/// (H, W, C) as C planes of (H, W).
std::vector<float> planes_of(const Npy& interleaved);

/// Height and width of an array whose first two axes they are.
Extent extent_of(const Npy& array);

/// The two channels that Cellpose takes from the input of a case of stages/, as planes.
std::vector<float> channels_of(const Case& golden, Extent extent);

/// From `kwargs` of a golden case, where `normalize` is a bool or a dict.
NormalizeOptions normalize_options_of(const nlohmann::json& kwargs);

}  // namespace cytofleet::test
