// What a pickle of a state dict can hold, as plain values: nothing here can run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "weights/element_type.hpp"

namespace cytofleet::pickle {

struct None {};
/// The callables of state dicts. Their effect is imitated; none is ever looked up.
enum class Callable { ordered_dict, rebuild_tensor, rebuild_parameter };

// Containers and tensors are indices into Objects, so that no destructor recurses.
struct Tuple {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
};
struct List {
    std::uint32_t index = 0;
};
struct Dict {
    std::uint32_t index = 0;
};
struct StorageRef {
    std::uint32_t index = 0;
};
struct TensorRef {
    std::uint32_t index = 0;
};

/// Texts point into the pickle's bytes.
using Value = std::variant<None, bool, std::int64_t, double, std::string_view, Tuple, List, Dict,
                           Callable, ElementType, StorageRef, TensorRef>;

/// A persistent id: where a tensor's elements are.
struct Storage {
    ElementType type = ElementType::float32;
    std::string_view key;
    std::int64_t count = 0;  ///< elements, not negative
};

/// The arguments of _rebuild_tensor_v2, not checked beyond their kinds.
struct StoredTensor {
    StorageRef storage;
    std::int64_t offset = 0;
    Tuple sizes;
    Tuple strides;
};

/// Everything the values of one or more pickles refer to.
struct Objects {
    std::vector<Value> tuple_items;
    std::vector<std::vector<Value>> lists;
    std::vector<std::vector<std::pair<Value, Value>>> dicts;  ///< as written, keys may repeat
    std::vector<Storage> storages;
    std::vector<StoredTensor> tensors;

    std::span<const Value> items(Tuple tuple) const {
        return std::span(tuple_items).subspan(tuple.first, tuple.count);
    }
    std::size_t size() const {
        return tuple_items.size() + lists.size() + dicts.size() + storages.size() + tensors.size();
    }
};

/// "a dict", for messages.
std::string_view kind_of(const Value& value);

}  // namespace cytofleet::pickle
