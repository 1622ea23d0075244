#include "weights/state_dict.hpp"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "weights/refusal.hpp"
#include "weights/strided_view.hpp"

namespace cytofleet {
namespace {

constexpr std::string_view parallel_prefix = "module.";

/// What training on several GPUs puts before every name goes.
std::string_view plain_name(std::string_view name) {
    if (name.starts_with(parallel_prefix)) name.remove_prefix(parallel_prefix.size());
    return name;
}

std::vector<std::int64_t> whole_numbers(const pickle::Objects& objects, pickle::Tuple tuple) {
    std::vector<std::int64_t> out;
    out.reserve(tuple.count);
    for (const pickle::Value& item : objects.items(tuple)) {
        const auto* number = std::get_if<std::int64_t>(&item);
        if (number == nullptr)
            throw damaged(fmt::format("has {} among its sizes or strides", pickle::kind_of(item)));
        out.push_back(*number);
    }
    return out;
}

bool is_finite(std::span<const float> values) {
    constexpr std::uint32_t exponent = 0x7f800000;
    return std::ranges::none_of(values, [](float value) {
        return (std::bit_cast<std::uint32_t>(value) & exponent) == exponent;
    });
}

class Builder {
  public:
    Builder(const pickle::Objects& objects, const StorageSource& source, std::uint64_t room)
        : objects_(objects), source_(source), room_(room) {}

    void add(const std::string& name, const pickle::StoredTensor& stored) {
        const pickle::Storage& storage = objects_.storages[stored.storage.index];
        const StridedView view{storage.type, stored.offset, whole_numbers(objects_, stored.sizes),
                               whole_numbers(objects_, stored.strides)};
        const auto count = static_cast<std::uint64_t>(checked_count(view, storage.count));
        const std::uint64_t width = is_floating(view.type) ? sizeof(float) : sizeof(std::int64_t);
        if (count > room_ / width)
            throw damaged(fmt::format("has {} elements, too many for a file of this size", count));
        room_ -= count * width;

        out_.stored_types.emplace(name, element_name(view.type));
        const auto bytes = source_(storage);
        if (!is_floating(view.type)) {
            out_.integers.emplace(name, read_integers(view, bytes));
            return;
        }
        Tensor tensor = read_floats(view, bytes);
        if (!is_finite(tensor.values()))
            throw Error(ErrorKind::model,
                        "holds NaN or infinite values, so its training failed: use another model");
        out_.tensors.emplace(name, std::move(tensor));
    }

    StateDict take() { return std::move(out_); }

  private:
    const pickle::Objects& objects_;
    const StorageSource& source_;
    std::uint64_t room_;
    StateDict out_;
};

using Entries = std::map<std::string, pickle::StoredTensor>;

Entries named_tensors(const pickle::Objects& objects, const pickle::Value& root) {
    const auto* dict = std::get_if<pickle::Dict>(&root);
    if (dict == nullptr)
        throw not_a_state_dict(fmt::format("holds {}, not a state dict", pickle::kind_of(root)));
    Entries out;
    for (const auto& [key, value] : objects.dicts[dict->index]) {
        const auto* name = std::get_if<std::string_view>(&key);
        if (name == nullptr)
            throw not_a_state_dict(
                fmt::format("holds a dict with {} as a key", pickle::kind_of(key)));
        const auto* tensor = std::get_if<pickle::TensorRef>(&value);
        if (tensor == nullptr)
            throw not_a_state_dict(fmt::format("holds {} as {}, not a tensor",
                                               pickle::kind_of(value), in_quotes(*name)));
        const bool is_new = out.emplace(plain_name(*name), objects.tensors[tensor->index]).second;
        if (!is_new) throw damaged(fmt::format("holds the tensor {} twice", in_quotes(*name)));
    }
    if (out.empty()) throw not_a_state_dict("holds no tensors");
    return out;
}

}  // namespace

StateDict build_state_dict(const pickle::Objects& objects, const pickle::Value& root,
                           const StorageSource& source, std::uint64_t most_bytes) {
    const Entries entries = named_tensors(objects, root);
    if (entries.contains("W2"))
        throw Error(ErrorKind::model,
                    "is a Cellpose 4 (cpsam) network; cytofleet runs Cellpose 3 checkpoints: "
                    "choose one of those");
    Builder builder(objects, source, most_bytes);
    for (const auto& [name, stored] : entries) {
        try {
            builder.add(name, stored);
        } catch (const Error& error) {
            throw Error(error.kind(), fmt::format("tensor {} {}", in_quotes(name), error.what()));
        }
    }
    return builder.take();
}

}  // namespace cytofleet
