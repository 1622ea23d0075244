// Times between events of a stream.
#pragma once

#include <functional>
#include <vector>

#include "kernels/support/device_memory.hpp"

namespace cytofleet::bench {

/// Of at least one number.
double median(std::vector<double> numbers);

/// Median seconds over `rounds` of what work() queues on `stream`, after 3 calls that are not
/// counted (1 in a smoke test).
double median_seconds(cuda::Stream stream, int rounds, const std::function<void()>& work);

}  // namespace cytofleet::bench
