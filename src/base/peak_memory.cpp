#include "base/peak_memory.hpp"

#include <sys/resource.h>

namespace cytofleet {

std::uint64_t peak_memory() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    constexpr std::uint64_t unit = 1024;  // Linux counts in KiB
    return static_cast<std::uint64_t>(usage.ru_maxrss) * unit;
}

}  // namespace cytofleet
