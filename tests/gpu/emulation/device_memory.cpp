// Device memory of the emulation: the host's, of exact sizes so that a sanitizer sees a step
// beyond. Streams run everything at once, so events have always happened.
#include "kernels/support/device_memory.hpp"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>

#include "gpu/emulation/memory_limit.hpp"
#include "kernels/support/streams.hpp"

namespace cytofleet {
namespace {

std::size_t limit = std::numeric_limits<std::size_t>::max();
std::size_t used = 0;
std::map<void*, std::size_t> sizes;

}  // namespace

namespace test {

MemoryLimit::MemoryLimit(std::size_t bytes) {
    limit = bytes > std::numeric_limits<std::size_t>::max() - used ? bytes : used + bytes;
}
MemoryLimit::~MemoryLimit() {
    limit = std::numeric_limits<std::size_t>::max();
}

}  // namespace test

namespace cuda {

void* allocate(std::size_t bytes) {
    void* memory = nullptr;
    if (bytes > limit - used || posix_memalign(&memory, 256, bytes == 0 ? 1 : bytes) != 0)
        throw OutOfDeviceMemory("the emulated GPU has no " + std::to_string(bytes) + " bytes left");
    // A device's memory holds anything at first.
    std::memset(memory, 0xA5, bytes);
    sizes.emplace(memory, bytes);
    used += bytes;
    return memory;
}

void release(void* memory) noexcept {
    if (memory == nullptr) return;
    const auto found = sizes.find(memory);
    used -= found->second;
    sizes.erase(found);
    std::free(memory);  // NOLINT(cppcoreguidelines-no-malloc): it came so
}

void copy_up(Stream /*stream*/, void* device, const void* host, std::size_t bytes) {
    if (bytes > 0) std::memcpy(device, host, bytes);
}

void copy_down(Stream /*stream*/, void* host, const void* device, std::size_t bytes) {
    if (bytes > 0) std::memcpy(host, device, bytes);
}

void copy_across(Stream /*stream*/, void* to, const void* from, std::size_t bytes) {
    if (bytes > 0) std::memcpy(to, from, bytes);
}

void fill(Stream /*stream*/, void* device, int value, std::size_t bytes) {
    if (bytes > 0) std::memset(device, value, bytes);
}

void synchronize(Stream /*stream*/) {}

void* allocate_pinned(std::size_t bytes) {
    return std::malloc(bytes == 0 ? 1 : bytes);  // NOLINT(cppcoreguidelines-no-malloc)
}

void release_pinned(void* memory) noexcept {
    std::free(memory);  // NOLINT(cppcoreguidelines-no-malloc): it came so
}

OwnStream::OwnStream() = default;
OwnStream::~OwnStream() = default;

struct Event::Moment {
    std::chrono::steady_clock::time_point when;
};
Event::Event() : moment_(std::make_unique<Moment>()) {}
Event::~Event() = default;
Event::Event(Event&&) noexcept = default;
Event& Event::operator=(Event&&) noexcept = default;

void Event::record(Stream /*stream*/) {
    moment_->when = std::chrono::steady_clock::now();
}
void Event::hold_up(Stream /*stream*/) const {}
void Event::wait() const {}
double Event::seconds_since(const Event& earlier) const {
    return std::chrono::duration<double>(moment_->when - earlier.moment_->when).count();
}

}  // namespace cuda
}  // namespace cytofleet
