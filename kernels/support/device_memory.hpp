// Memory of a device, as host code sees it: arrays that are allocated, filled, read back and freed.
// No CUDA header is needed here; device_memory.cu has the calls, the tests' emulation its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

struct CUstream_st;

namespace cytofleet::cuda {

/// Work on one stream runs in order; cudaStream_t under another name. Null: the default stream.
using Stream = CUstream_st*;

/// A call of the CUDA runtime failed; the message has its words.
class DeviceError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// The device's memory does not hold what was asked for; the device itself is well.
class OutOfDeviceMemory : public DeviceError {
  public:
    using DeviceError::DeviceError;
};

/// Throws OutOfDeviceMemory. Never null, aligned to 256 bytes.
void* allocate(std::size_t bytes);
void release(void* memory) noexcept;
/// The host's bytes must stay as they are until the stream has come so far: that the driver sets
/// pageable memory aside first is not promised.
void copy_up(Stream stream, void* device, const void* host, std::size_t bytes);
/// The bytes are there after synchronize().
void copy_down(Stream stream, void* host, const void* device, std::size_t bytes);
void copy_across(Stream stream, void* to, const void* from, std::size_t bytes);
/// Sets every byte.
void fill(Stream stream, void* device, int value, std::size_t bytes);
/// Waits for the stream; throws what went wrong on it.
void synchronize(Stream stream);

/// `size` values in device memory, uninitialised, freed at the end.
template <typename T>
class DeviceArray {
  public:
    DeviceArray() = default;
    explicit DeviceArray(std::size_t size)
        : data_(static_cast<T*>(allocate(size * sizeof(T)))), size_(size) {}
    /// Waits for the stream: the host's values may go when this returns.
    DeviceArray(Stream stream, std::span<const T> values) : DeviceArray(values.size()) {
        copy_up(stream, data_, values.data(), values.size_bytes());
        synchronize(stream);
    }
    ~DeviceArray() { release(data_); }
    DeviceArray(DeviceArray&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    DeviceArray& operator=(DeviceArray&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }
    T* data() { return data_; }
    const T* data() const { return data_; }
    std::size_t size() const { return size_; }
    /// All values, once the stream has come so far.
    std::vector<T> read(Stream stream) const {
        std::vector<T> out(size_);
        copy_down(stream, out.data(), data_, size_ * sizeof(T));
        synchronize(stream);
        return out;
    }
    void zero(Stream stream) { fill(stream, data_, 0, size_ * sizeof(T)); }

  private:
    T* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace cytofleet::cuda
