// The most memory this process ever held.
#pragma once

#include <cstdint>

namespace cytofleet {

std::uint64_t peak_memory();  ///< resident bytes

}  // namespace cytofleet
