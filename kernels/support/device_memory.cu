#include "kernels/support/device.cuh"
#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

void* allocate(std::size_t bytes) {
    void* memory = nullptr;
    const cudaError_t result = cudaMalloc(&memory, bytes == 0 ? 1 : bytes);
    if (result == cudaErrorMemoryAllocation) {
        cudaGetLastError();  // or the next launch would report it again
        throw OutOfDeviceMemory("the GPU has no " + std::to_string(bytes) + " bytes left");
    }
    check(result, "cudaMalloc");
    return memory;
}

void release(void* memory) noexcept {
    cudaFree(memory);
}

void copy_up(Stream stream, void* device, const void* host, std::size_t bytes) {
    check(cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, stream), "cudaMemcpyAsync");
}

void copy_down(Stream stream, void* host, const void* device, std::size_t bytes) {
    check(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, stream), "cudaMemcpyAsync");
}

void copy_across(Stream stream, void* to, const void* from, std::size_t bytes) {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream), "cudaMemcpyAsync");
}

void fill(Stream stream, void* device, int value, std::size_t bytes) {
    check(cudaMemsetAsync(device, value, bytes, stream), "cudaMemsetAsync");
}

void synchronize(Stream stream) {
    check(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
}

}  // namespace cytofleet::cuda
