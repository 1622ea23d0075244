#include "weights/element_type.hpp"

#include <algorithm>
#include <array>

namespace cytofleet {
namespace {

struct Row {
    ElementType type;
    std::size_t size;
    std::string_view name;
    std::string_view storage_class;
};

constexpr std::array rows{
    Row{ElementType::float32, 4, "float32", "FloatStorage"},
    Row{ElementType::float16, 2, "float16", "HalfStorage"},
    Row{ElementType::bfloat16, 2, "bfloat16", "BFloat16Storage"},
    Row{ElementType::float64, 8, "float64", "DoubleStorage"},
    Row{ElementType::int64, 8, "int64", "LongStorage"},
    Row{ElementType::int32, 4, "int32", "IntStorage"},
    Row{ElementType::int16, 2, "int16", "ShortStorage"},
    Row{ElementType::int8, 1, "int8", "CharStorage"},
    Row{ElementType::uint8, 1, "uint8", "ByteStorage"},
    Row{ElementType::boolean, 1, "bool", "BoolStorage"},
};

const Row& row(ElementType type) {
    return rows.at(static_cast<std::size_t>(type));
}

}  // namespace

std::size_t element_size(ElementType type) {
    return row(type).size;
}

bool is_floating(ElementType type) {
    return type <= ElementType::float64;
}

std::string_view element_name(ElementType type) {
    return row(type).name;
}

std::optional<ElementType> type_of_storage(std::string_view storage_class) {
    const auto* const found = std::ranges::find(rows, storage_class, &Row::storage_class);
    if (found == rows.end()) return std::nullopt;
    return found->type;
}

}  // namespace cytofleet
