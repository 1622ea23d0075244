// NnOps on the CPU: oneDNN convolutions, Highway for everything pixelwise.
#pragma once

#include <memory>

#include "backend/nn_ops.hpp"

namespace cytofleet {

/// `threads`: tiles that run at the same time.
std::shared_ptr<NnOps> make_cpu_ops(int threads);

}  // namespace cytofleet
