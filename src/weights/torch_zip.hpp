// The zip format of torch 1.6 and later.
#pragma once

#include <cstddef>
#include <span>

#include "weights/state_dict.hpp"

namespace cytofleet {

/// `<name>/data.pkl` and one entry `<name>/data/<key>` per storage. Throws as read_state_dict.
/// Source: torch/csrc/jit/serialization/README of PyTorch, which calls it the container format.
StateDict read_torch_zip(std::span<const std::byte> file);

}  // namespace cytofleet
