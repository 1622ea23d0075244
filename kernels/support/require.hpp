// Preconditions of kernels, which may not know the errors of the layers above.
#pragma once

#include <stdexcept>

namespace cytofleet {

/// Throws std::logic_error with `promise` unless `good`.
inline void require(bool good, const char* promise) {
    if (!good) throw std::logic_error(promise);
}

}  // namespace cytofleet
