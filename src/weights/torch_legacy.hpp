// The format of torch before 1.6: five pickles one after the other, then the storages.
#pragma once

#include <cstddef>
#include <span>

#include "weights/state_dict.hpp"

namespace cytofleet {

/// Whether a file starts with the pickled magic number of the format.
bool is_torch_legacy(std::span<const std::byte> file);

/// For a file of which is_torch_legacy holds. Throws as read_state_dict.
/// Source: _legacy_save in torch/serialization.py.
StateDict read_torch_legacy(std::span<const std::byte> file);

}  // namespace cytofleet
