#include "app/cores.hpp"

#include <algorithm>
#include <sched.h>
#include <unistd.h>

namespace cytofleet {

int share_of_cores(int ranks_here) {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    int cores = 1;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) cores = CPU_COUNT(&allowed);
    const auto online = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
    const bool bound = cores < online;
    return std::max(1, bound ? cores : cores / ranks_here);
}

}  // namespace cytofleet
