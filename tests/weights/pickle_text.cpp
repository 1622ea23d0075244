#include "weights/pickle_text.hpp"

namespace cytofleet::test {
namespace {

std::string all_of(const std::vector<std::string>& items) {
    std::string out;
    for (const std::string& item : items) out += item;
    return out;
}

std::string ints_code(const std::vector<std::int64_t>& values) {
    std::vector<std::string> items;
    for (const std::int64_t value : values) items.push_back(int_code(value));
    return tuple_code(items);
}

}  // namespace

std::string text_code(const std::string& text) {
    return "X" + raw(static_cast<std::uint32_t>(text.size())) + text;
}

std::string int_code(std::int64_t value) {
    return "\x8a\x08" + raw(value);
}

std::string global_code(const std::string& module, const std::string& name) {
    return "c" + module + "\n" + name + "\n";
}

std::string tuple_code(const std::vector<std::string>& items) {
    return "(" + all_of(items) + "t";
}

std::string list_code(const std::vector<std::string>& items) {
    return "](" + all_of(items) + "e";
}

std::string dict_code(const std::vector<std::pair<std::string, std::string>>& items) {
    std::string out = "}(";
    for (const auto& [key, value] : items) out += key + value;
    return out + "u";
}

std::string tensor_code(const TensorCode& tensor) {
    const std::string storage =
        tuple_code({text_code("storage"), global_code("torch", tensor.storage_class),
                    text_code(tensor.key), text_code("cpu"), int_code(tensor.count)}) +
        "Q";
    const std::string hooks = global_code("collections", "OrderedDict") + ")R";
    return global_code("torch._utils", "_rebuild_tensor_v2") +
           tuple_code({storage, int_code(tensor.offset), ints_code(tensor.sizes),
                       ints_code(tensor.strides), "\x89", hooks}) +
           "R";
}

std::string pickle_of(const std::string& code) {
    return "\x80\x02" + code + ".";
}

std::string legacy_file(const std::string& object, const std::vector<StorageBytes>& storages) {
    std::string out = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
    out += pickle_of(int_code(1001));
    out += pickle_of(dict_code({{text_code("little_endian"), "\x88"}}));
    out += pickle_of(object);
    std::vector<std::string> keys;
    for (const StorageBytes& storage : storages) keys.push_back(text_code(storage.key));
    out += pickle_of(list_code(keys));
    for (const StorageBytes& storage : storages) out += raw(storage.count) + storage.bytes;
    return out;
}

std::string legacy_file(const std::vector<FloatTensor>& tensors) {
    std::vector<std::pair<std::string, std::string>> items;
    std::vector<StorageBytes> storages;
    for (const FloatTensor& tensor : tensors) {
        const std::string key = std::to_string(items.size());
        std::vector<std::int64_t> strides(tensor.sizes.size(), 1);
        for (std::size_t axis = strides.size(); axis-- > 1;)
            strides[axis - 1] = strides[axis] * tensor.sizes[axis];
        const auto count = static_cast<std::int64_t>(tensor.values.size());
        items.emplace_back(text_code(tensor.name), tensor_code({"FloatStorage", key, count, 0,
                                                                tensor.sizes, std::move(strides)}));
        std::string bytes;
        for (const float value : tensor.values) bytes += raw(value);
        storages.push_back({key, std::move(bytes), count});
    }
    return legacy_file(dict_code(items), storages);
}

}  // namespace cytofleet::test
