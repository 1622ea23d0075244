// Compiles for the device what kernels of both kinds share; nothing here runs.
#include "kernels/flow/flow_point.hpp"

namespace cytofleet {

__global__ void one_step(StepFieldView flow, Stepping stepping, const Point* in, Point* out,
                         std::int64_t count) {
    const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i >= count) return;
    const Point start = start_of(stepping, flow, in[i]);
    out[i] = end_of(stepping, flow, step_of(stepping, flow, start));
}

}  // namespace cytofleet
