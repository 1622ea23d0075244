// cuDNN's backend descriptors, as objects. Only the files cudnn*.cpp know cuDNN.
#pragma once

#include <cstdint>
#include <cudnn.h>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

inline void check(cudnnStatus_t status, const char* what) {
    if (status != CUDNN_STATUS_SUCCESS)
        throw DeviceError(fmt::format("cuDNN, {}: {}", what, cudnnGetErrorString(status)));
}

class CudnnDescriptor {
  public:
    explicit CudnnDescriptor(cudnnBackendDescriptorType_t type) {
        check(cudnnBackendCreateDescriptor(type, &handle_), "a new descriptor");
    }
    ~CudnnDescriptor() {
        if (handle_ != nullptr) cudnnBackendDestroyDescriptor(handle_);
    }
    CudnnDescriptor(CudnnDescriptor&& other) noexcept
        : handle_(std::exchange(other.handle_, nullptr)) {}
    CudnnDescriptor& operator=(CudnnDescriptor&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    cudnnBackendDescriptor_t handle() const { return handle_; }

    void set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::int64_t count,
             const void* values) {
        check(cudnnBackendSetAttribute(handle_, name, type, count, values), "an attribute");
    }
    void set(cudnnBackendAttributeName_t name, std::int64_t value) {
        set(name, CUDNN_TYPE_INT64, 1, &value);
    }
    void set(cudnnBackendAttributeName_t name, cudnnBackendDescriptor_t value) {
        set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value);
    }
    void set(cudnnBackendAttributeName_t name, const CudnnDescriptor& value) {
        set(name, value.handle_);
    }
    /// False when cuDNN cannot do what is described.
    bool try_to_finish() { return cudnnBackendFinalize(handle_) == CUDNN_STATUS_SUCCESS; }
    CudnnDescriptor finish(const char* what) && {
        check(cudnnBackendFinalize(handle_), what);
        return std::move(*this);
    }

    std::int64_t count(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type) const {
        std::int64_t there = 0;
        check(cudnnBackendGetAttribute(handle_, name, type, 0, &there, nullptr), "a question");
        return there;
    }
    /// How many values came.
    std::int64_t get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                     std::int64_t most, void* values) const {
        std::int64_t there = 0;
        check(cudnnBackendGetAttribute(handle_, name, type, most, &there, values), "a question");
        return there;
    }

  private:
    cudnnBackendDescriptor_t handle_ = nullptr;
};

}  // namespace cytofleet::cuda
