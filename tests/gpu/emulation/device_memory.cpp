// Device memory of the emulation: the host's, of exact sizes so that a sanitizer sees a step
// beyond.
#include "kernels/support/device_memory.hpp"

#include <cstdlib>
#include <cstring>

namespace cytofleet::cuda {

void* allocate(std::size_t bytes) {
    void* memory = nullptr;
    if (posix_memalign(&memory, 256, bytes == 0 ? 1 : bytes) != 0)
        throw DeviceError("out of memory");
    // A device's memory holds anything at first.
    std::memset(memory, 0xA5, bytes);
    return memory;
}

void release(void* memory) noexcept {
    std::free(memory);
}

void copy_up(Stream /*stream*/, void* device, const void* host, std::size_t bytes) {
    if (bytes > 0) std::memcpy(device, host, bytes);
}

void copy_down(Stream /*stream*/, void* host, const void* device, std::size_t bytes) {
    if (bytes > 0) std::memcpy(host, device, bytes);
}

void fill(Stream /*stream*/, void* device, int value, std::size_t bytes) {
    if (bytes > 0) std::memset(device, value, bytes);
}

void synchronize(Stream /*stream*/) {}

}  // namespace cytofleet::cuda
