#include "weights/pickle_value.hpp"

#include <array>

namespace cytofleet::pickle {

std::string_view kind_of(const Value& value) {
    static constexpr std::array<std::string_view, std::variant_size_v<Value>> names{
        "None",   "a truth value", "a whole number",  "a number",        "a text",    "a tuple",
        "a list", "a dict",        "a function name", "a storage class", "a storage", "a tensor"};
    return names.at(value.index());
}

}  // namespace cytofleet::pickle
