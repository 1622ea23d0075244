// The tensors of a state dict by name, made from the values of its pickle and the bytes of its
// storages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "tensor/tensor.hpp"
#include "weights/pickle_value.hpp"

namespace cytofleet {

struct StateDict {
    std::string format;  ///< "torch zip", "torch legacy"
    // Names without a leading "module.".
    std::map<std::string, Tensor> tensors;
    std::map<std::string, std::vector<std::int64_t>> integers;
    std::map<std::string, std::string> stored_types;
};

/// The bytes of a storage, exactly its count times the size of its type. Throws Error{model}.
using StorageSource = std::function<std::span<const std::byte>(const pickle::Storage&)>;

/// `root` must be a dict of names to tensors, all of them finite, no name twice, and all together
/// no more than `most_bytes` as float32 or int64. Refuses Cellpose 4 networks before it reads their
/// storages. Throws Error{model} naming the tensor.
StateDict build_state_dict(const pickle::Objects& objects, const pickle::Value& root,
                           const StorageSource& source, std::uint64_t most_bytes);

/// A whole file as torch.save wrote it, zip or legacy. Throws Error{model} or Error{input} without
/// the file's name.
StateDict read_state_dict(std::span<const std::byte> file);

}  // namespace cytofleet
