// A shape and an array of float32 in host memory.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace cytofleet {

/// Sizes, outermost first. No size is negative; the product fits in 63 bits.
class Shape {
  public:
    Shape() = default;
    Shape(std::initializer_list<std::int64_t> sizes) : sizes_(sizes) {}
    explicit Shape(std::vector<std::int64_t> sizes) : sizes_(std::move(sizes)) {}
    std::size_t rank() const { return sizes_.size(); }
    std::int64_t operator[](std::size_t axis) const { return sizes_.at(axis); }
    std::span<const std::int64_t> sizes() const { return sizes_; }
    std::int64_t count() const;
    std::string text() const;  ///< "(2, 3)"
    bool operator==(const Shape&) const = default;

  private:
    std::vector<std::int64_t> sizes_;
};

/// A float32 array, C-ordered, 64-byte aligned, owned. Copies are explicit.
class Tensor {
  public:
    Tensor() = default;
    /// Uninitialised.
    explicit Tensor(Shape shape);
    Tensor(Shape shape, std::span<const float> values);
    Tensor(Tensor&&) = default;
    Tensor& operator=(Tensor&&) = default;
    const Shape& shape() const { return shape_; }
    std::span<float> values() { return {data_.get(), static_cast<std::size_t>(count_)}; }
    std::span<const float> values() const {
        return {data_.get(), static_cast<std::size_t>(count_)};
    }

  private:
    struct Free {
        void operator()(float* data) const;
    };
    Shape shape_;
    std::int64_t count_ = 0;
    std::unique_ptr<float[], Free> data_;
};

}  // namespace cytofleet
