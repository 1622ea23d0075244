#include "kernels/support/device.cuh"
#include "kernels/support/streams.hpp"

namespace cytofleet::cuda {

OwnStream::OwnStream() {
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
}
OwnStream::~OwnStream() {
    cudaStreamDestroy(stream_);
}

struct Event::Moment {
    cudaEvent_t event = nullptr;
    Moment() { check(cudaEventCreate(&event), "cudaEventCreate"); }
    ~Moment() { cudaEventDestroy(event); }
    Moment(const Moment&) = delete;
    Moment& operator=(const Moment&) = delete;
};

Event::Event() : moment_(std::make_unique<Moment>()) {}
Event::~Event() = default;
Event::Event(Event&&) noexcept = default;
Event& Event::operator=(Event&&) noexcept = default;

void Event::record(Stream stream) {
    check(cudaEventRecord(moment_->event, stream), "cudaEventRecord");
}
void Event::hold_up(Stream stream) const {
    check(cudaStreamWaitEvent(stream, moment_->event, 0), "cudaStreamWaitEvent");
}
void Event::wait() const {
    check(cudaEventSynchronize(moment_->event), "cudaEventSynchronize");
}
double Event::seconds_since(const Event& earlier) const {
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, earlier.moment_->event, moment_->event),
          "cudaEventElapsedTime");
    return static_cast<double>(milliseconds) / 1000;
}

void* allocate_pinned(std::size_t bytes) {
    void* memory = nullptr;
    const cudaError_t result = cudaMallocHost(&memory, bytes == 0 ? 1 : bytes);
    if (result == cudaErrorMemoryAllocation) {
        cudaGetLastError();
        throw OutOfDeviceMemory("the host cannot lock " + std::to_string(bytes) + " bytes");
    }
    check(result, "cudaMallocHost");
    return memory;
}

void release_pinned(void* memory) noexcept {
    cudaFreeHost(memory);
}

}  // namespace cytofleet::cuda
