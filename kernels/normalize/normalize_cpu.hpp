// The CPU twin of normalize.hpp: same arguments, already checked.
#pragma once

#include "kernels/normalize/normalize.hpp"
#include "kernels/resize/resize.hpp"

namespace cytofleet::cpu {

void normalize(const Exec& exec, std::span<float> image, std::int64_t channels, Extent extent,
               const NormalizeOptions& options);

}  // namespace cytofleet::cpu
