// NnOps on an NVIDIA GPU: cuDNN convolutions, kernels of our own for everything else. It has run on
// no device yet, only its kernels on the host; only a build with CYTOFLEET_CUDA has it. The caller
// chooses the thread's device (kernels/support/devices.hpp).
#pragma once

#include <memory>

#include "backend/cuda/conv_kernels.hpp"
#include "backend/cuda/precision.hpp"
#include "backend/nn_ops.hpp"
#include "kernels/support/device_memory.hpp"

namespace cytofleet {

/// All work goes to `stream` of the current device; the host waits only in download(). One thread
/// at a time. All tiles are done in one piece: the caller chooses how many fit. Features and
/// constants must be gone before the operations are. Throws cuda::DeviceError.
/// `kernels`: the device's, shared by all operations on it.
std::shared_ptr<NnOps> make_cuda_ops(Precision precision, cuda::Stream stream,
                                     const std::shared_ptr<cuda::ConvKernels>& kernels);

/// What a network is computed with.
struct Operations {
    std::shared_ptr<NnOps> ops;
    cuda::Stream stream = nullptr;  ///< of a GPU; lives as long as the operations
};
/// make_cuda_ops with a stream of their own, on which the caller may put work too.
Operations start_cuda(Precision precision, const std::shared_ptr<cuda::ConvKernels>& kernels);

}  // namespace cytofleet
