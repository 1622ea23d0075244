#include "tensor/tensor.hpp"

#include <algorithm>
#include <limits>
#include <new>

#include <fmt/format.h>

#include "base/error.hpp"

namespace cytofleet {
namespace {

constexpr std::align_val_t alignment{64};

}  // namespace

std::int64_t Shape::count() const {
    std::int64_t product = 1;
    for (const std::int64_t size : sizes_) {
        ensure(size >= 0, "sizes of a shape are not negative");
        ensure(size == 0 || product <= std::numeric_limits<std::int64_t>::max() / size,
               "the product of a shape fits in 63 bits");
        product *= size;
    }
    return product;
}

std::string Shape::text() const {
    return fmt::format("({})", fmt::join(sizes_, ", "));
}

Tensor::Tensor(Shape shape) : shape_(std::move(shape)), count_(shape_.count()) {
    const auto bytes = static_cast<std::size_t>(std::max<std::int64_t>(count_, 1)) * sizeof(float);
    data_.reset(static_cast<float*>(::operator new[](bytes, alignment)));
}

Tensor::Tensor(Shape shape, std::span<const float> values) : Tensor(std::move(shape)) {
    ensure(static_cast<std::int64_t>(values.size()) == count_, "values fill the shape");
    std::ranges::copy(values, data_.get());
}

void Tensor::Free::operator()(float* data) const {
    ::operator delete[](data, alignment);
}

}  // namespace cytofleet
