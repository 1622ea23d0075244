// The name of this machine.
#pragma once

#include <string>

namespace cytofleet {

/// As the kernel has it; "unknown" when it has none.
std::string host_name();

}  // namespace cytofleet
