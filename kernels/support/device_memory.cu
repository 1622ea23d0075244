#include "kernels/support/device.cuh"
#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

void* allocate(std::size_t bytes) {
    void* memory = nullptr;
    check(cudaMalloc(&memory, bytes == 0 ? 1 : bytes), "cudaMalloc");
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

void fill(Stream stream, void* device, int value, std::size_t bytes) {
    check(cudaMemsetAsync(device, value, bytes, stream), "cudaMemsetAsync");
}

void synchronize(Stream stream) {
    check(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
}

}  // namespace cytofleet::cuda
