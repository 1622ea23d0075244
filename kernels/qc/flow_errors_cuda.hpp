// Flow errors of labels on a device; the twin of kernels/qc/flow_errors.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/labels/measure_cuda.hpp"
#include "kernels/support/device_memory.hpp"
#include "kernels/support/exec.hpp"

namespace cytofleet::cuda {

/// Bytes that flow_errors needs at `scratch`, aligned to 256 bytes: about 16 per pixel.
std::size_t flow_errors_scratch_bytes(std::int64_t height, std::int64_t width);

/// Mean squared error of label k at errors[k - 1], bit for bit as the CPU twin; NaN for absent
/// labels and for those above *largest. `boxes` describes labels 0 to *largest, which is at most
/// `most`, the number of `errors`. Everything but the numbers is in device memory.
void flow_errors(Stream stream, const std::uint32_t* labels, std::int64_t height,
                 std::int64_t width, const DeviceBox* boxes, const std::uint32_t* largest,
                 std::uint32_t most, const float* flows, Variant variant, void* scratch,
                 double* errors);

}  // namespace cytofleet::cuda
