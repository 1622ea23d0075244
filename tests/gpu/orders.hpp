// Repeats a check under several orders of blocks, threads and atomics.
#pragma once

#include <functional>

namespace cytofleet::test {

/// Under emulation with a few seeds; on a device, which has orders of its own, twice.
void in_every_order(const std::function<void()>& check);

}  // namespace cytofleet::test
