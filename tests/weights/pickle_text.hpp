// Writes the pickles of state dicts by hand, so that tests can write wrong ones.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace cytofleet::test {

/// Bytes of a number, little-endian.
template <typename T>
std::string raw(T value) {
    return {reinterpret_cast<const char*>(&value), sizeof(T)};
}

// Each is the code that leaves one value on the stack.
std::string text_code(const std::string& text);
std::string int_code(std::int64_t value);
std::string global_code(const std::string& module, const std::string& name);
std::string tuple_code(const std::vector<std::string>& items);
std::string list_code(const std::vector<std::string>& items);
std::string dict_code(const std::vector<std::pair<std::string, std::string>>& items);

struct TensorCode {
    std::string storage_class = "FloatStorage";
    std::string key = "0";
    std::int64_t count = 1;
    std::int64_t offset = 0;
    std::vector<std::int64_t> sizes;
    std::vector<std::int64_t> strides;
};
std::string tensor_code(const TensorCode& tensor);

/// PROTO 2, the code, STOP.
std::string pickle_of(const std::string& code);

/// A float32 tensor, C-ordered, for legacy_file().
struct FloatTensor {
    std::string name;
    std::vector<std::int64_t> sizes;
    std::vector<float> values;
};
/// A checkpoint in torch's legacy format, one storage per tensor.
std::string legacy_file(const std::vector<FloatTensor>& tensors);
/// The same from an object's code and its storages: key, bytes, number of elements.
struct StorageBytes {
    std::string key;
    std::string bytes;
    std::int64_t count = 0;
};
std::string legacy_file(const std::string& object, const std::vector<StorageBytes>& storages);

}  // namespace cytofleet::test
