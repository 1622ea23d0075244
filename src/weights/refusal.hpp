// Why a checkpoint is not read: one line without the file's name, which Checkpoint::load puts
// first.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace cytofleet {

/// The bytes contradict themselves: to be downloaded again.
Error damaged(std::string_view what);
/// Sound, but no state dict: to be saved another way.
Error not_a_state_dict(std::string_view what);
/// `name` from a file, in quotes, printable, cut when it is long.
std::string in_quotes(std::string_view name);

}  // namespace cytofleet
