// Who else may change what is in a folder of results.
#pragma once

#include <filesystem>
#include <vector>

#include "app/doctor/finding.hpp"

namespace cytofleet {

/// On one process: owners and rights of the folder, of those above it, and of the books in it. One
/// finding that is ok, or a warning for each thing that lets others in.
std::vector<Finding> check_trust(const std::filesystem::path& folder);

}  // namespace cytofleet
