// Streams, events and page-locked host memory: what lets copies run beside kernels. No CUDA header
// is needed here; streams.cu has the calls, the tests' emulation its own.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

/// A stream that waits for no other one.
class OwnStream {
  public:
    OwnStream();
    ~OwnStream();
    OwnStream(const OwnStream&) = delete;
    OwnStream& operator=(const OwnStream&) = delete;
    Stream get() const { return stream_; }

  private:
    Stream stream_ = nullptr;
};

/// A point in a stream's work.
class Event {
  public:
    Event();
    ~Event();
    Event(Event&&) noexcept;
    Event& operator=(Event&&) noexcept;
    /// This is now the moment when all work given to `stream` so far is done.
    void record(Stream stream);
    /// Later work of `stream` starts after this moment; at once if it was never recorded.
    void hold_up(Stream stream) const;
    /// The host waits; not at all if it was never recorded. Throws DeviceError for what went wrong.
    void wait() const;
    /// Both recorded and past.
    double seconds_since(const Event& earlier) const;

  private:
    struct Moment;
    std::unique_ptr<Moment> moment_;
};

/// Page-locked: copies to and from a device do not go through a buffer of the driver's. Throws
/// OutOfDeviceMemory when the host cannot lock so much.
void* allocate_pinned(std::size_t bytes);
void release_pinned(void* memory) noexcept;

/// A block of page-locked host memory that grows.
class PinnedBlock {
  public:
    PinnedBlock() = default;
    ~PinnedBlock() { release_pinned(data_); }
    PinnedBlock(PinnedBlock&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    PinnedBlock& operator=(PinnedBlock&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }
    /// At least `bytes`; what it held is lost when it grows. No copy may be under way.
    std::span<std::byte> room(std::size_t bytes) {
        if (bytes > size_) {
            release_pinned(std::exchange(data_, nullptr));
            size_ = 0;
            data_ = allocate_pinned(bytes);
            size_ = bytes;
        }
        return {static_cast<std::byte*>(data_), bytes};
    }

  private:
    void* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace cytofleet::cuda
