// The element types a torch storage can have.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace cytofleet {

enum class ElementType {
    float32,
    float16,
    bfloat16,
    float64,
    int64,
    int32,
    int16,
    int8,
    uint8,
    boolean,
};

/// Bytes of one element.
std::size_t element_size(ElementType type);
bool is_floating(ElementType type);
/// torch's name of the dtype: "float32", "bool".
std::string_view element_name(ElementType type);
/// The type of a storage class: "FloatStorage" is float32. Absent for a class that is not known.
std::optional<ElementType> type_of_storage(std::string_view storage_class);

}  // namespace cytofleet
