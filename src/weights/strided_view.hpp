// A tensor as torch stores it: a strided window of a storage, checked and then copied out in C
// order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tensor/tensor.hpp"
#include "weights/element_type.hpp"

namespace cytofleet {

/// Offset and strides count elements. A stride of 0 repeats, as torch's expand() does.
struct StridedView {
    ElementType type = ElementType::float32;
    std::int64_t offset = 0;
    std::vector<std::int64_t> sizes;
    std::vector<std::int64_t> strides;
};

/// Elements of the view. Throws Error{model} when anything is negative, overflows, or lies outside
/// a storage of `storage_count` elements.
std::int64_t checked_count(const StridedView& view, std::int64_t storage_count);

/// Of a view that passed checked_count for `storage` and is_floating. fp16 and bf16 become float32
/// exactly, fp64 rounds to nearest even.
Tensor read_floats(const StridedView& view, std::span<const std::byte> storage);

/// The same for the other types; a boolean is 0 or 1.
std::vector<std::int64_t> read_integers(const StridedView& view,
                                        std::span<const std::byte> storage);

}  // namespace cytofleet
