// Cuts one piece of device memory into the arrays that a kernel needs for itself.
#pragma once

#include <cstddef>

namespace cytofleet::cuda {

/// Every array starts at a multiple of 256 bytes. Without memory it only counts: the same calls of
/// take() tell how many bytes() there must be, and give the arrays.
class ScratchLayout {
  public:
    explicit ScratchLayout(void* memory = nullptr) : memory_(static_cast<std::byte*>(memory)) {}
    template <typename T>
    T* take(std::size_t count) {
        std::byte* const here = memory_ == nullptr ? nullptr : memory_ + bytes_;
        bytes_ += (count * sizeof(T) + alignment - 1) / alignment * alignment;
        return reinterpret_cast<T*>(here);
    }
    std::size_t bytes() const { return bytes_; }

  private:
    static constexpr std::size_t alignment = 256;
    std::byte* memory_;
    std::size_t bytes_ = 0;
};

}  // namespace cytofleet::cuda
