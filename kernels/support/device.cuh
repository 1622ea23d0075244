// What every .cu file builds on. The tests' emulation has a header of the same name, which its
// include path finds first; so a kernel's source is the same for the device and for the host.
#pragma once

#include <cstdint>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <string>
#include <tuple>

#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

inline void check(cudaError_t result, const char* call) {
    if (result != cudaSuccess)
        throw DeviceError(std::string(call) + " failed: " + cudaGetErrorString(result));
}

/// Starts kernel(arguments...) on `stream` with `shared` bytes of shared memory per block.
template <typename... Parameters, typename... Arguments>
void launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t shared, Stream stream,
            Arguments... arguments) {
    constexpr std::size_t without_asking = 48 * 1024;
    if (shared > without_asking)
        check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                   static_cast<int>(shared)),
              "cudaFuncSetAttribute");
    kernel<<<grid, block, shared, stream>>>(static_cast<Parameters>(arguments)...);
    check(cudaGetLastError(), "kernel launch");
}

/// The same for kernels whose blocks wait for each other: all of them run at once, or the launch
/// fails. At most blocks_at_once() blocks, no dynamic shared memory, one block per multiprocessor.
template <typename... Parameters, typename... Arguments>
void launch_together(void (*kernel)(Parameters...), dim3 grid, dim3 block, Stream stream,
                     Arguments... arguments) {
    std::tuple<Parameters...> values(static_cast<Parameters>(arguments)...);
    std::apply(
        [&](auto&... value) {
            void* pointers[] = {&value...};
            check(cudaLaunchCooperativeKernel(reinterpret_cast<const void*>(kernel), grid, block,
                                              pointers, 0, stream),
                  "cudaLaunchCooperativeKernel");
        },
        values);
}

/// Multiprocessors of the current device.
inline unsigned blocks_at_once() {
    int device = 0;
    int count = 0;
    check(cudaGetDevice(&device), "cudaGetDevice");
    check(cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device),
          "cudaDeviceGetAttribute");
    return static_cast<unsigned>(count);
}

/// The `blocks` blocks of a gang wait for each other, and then see what each wrote (past L1: read
/// it by __ldcg). Only under launch_together. *arrivals: the gang's, 0 at the start of the kernel;
/// `meetings`: each thread's own count, 0 at first.
__device__ inline void gang_barrier(unsigned* arrivals, unsigned blocks, unsigned& meetings) {
    ++meetings;
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
        atomicAdd(arrivals, 1U);
        while (atomicAdd(arrivals, 0U) < meetings * blocks) {
        }
        __threadfence();
    }
    __syncthreads();
}

/// The block's dynamic shared memory, aligned to 16 bytes.
template <typename T>
__device__ T* shared_memory() {
    extern __shared__ __align__(16) unsigned char cytofleet_shared[];
    return reinterpret_cast<T*>(cytofleet_shared);
}

/// Number of this thread in a one-dimensional grid.
__device__ inline std::int64_t global_thread() {
    return static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

/// Blocks of `block` threads that cover `count` threads; at least one.
inline unsigned blocks_for(std::int64_t count, unsigned block) {
    const std::int64_t blocks = (count + block - 1) / block;
    return static_cast<unsigned>(blocks < 1 ? 1 : blocks);
}

}  // namespace cytofleet::cuda
