#include "weights/torch_legacy.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

#include <fmt/format.h>

#include "base/byte_reader.hpp"
#include "weights/pickle_machine.hpp"
#include "weights/refusal.hpp"

namespace cytofleet {
namespace {

/// PROTO 2, LONG1 of 10 bytes, 0x1950a86a20f9469cfc6c, STOP.
constexpr std::array<std::uint8_t, 15> magic{0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46,
                                             0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e};
constexpr std::int64_t format_version = 1001;
constexpr std::uint64_t most_tensor_bytes_per_byte = 16;

void check_version(ByteReader& in) {
    pickle::Objects objects;
    const pickle::Value version = pickle::Machine(in, objects).run();
    const auto* number = std::get_if<std::int64_t>(&version);
    if (number == nullptr || *number != format_version)
        throw not_a_state_dict("is of a torch format version other than 1001");
}

void check_byte_order(ByteReader& in) {
    pickle::Objects objects;
    const pickle::Value system = pickle::Machine(in, objects).run();
    const auto* dict = std::get_if<pickle::Dict>(&system);
    if (dict == nullptr) throw damaged("has no description of the machine that wrote it");
    for (const auto& [key, value] : objects.dicts[dict->index]) {
        const auto* name = std::get_if<std::string_view>(&key);
        const auto* flag = std::get_if<bool>(&value);
        if (name == nullptr || *name != "little_endian") continue;
        if (flag == nullptr || !*flag)
            throw not_a_state_dict("was written on a big-endian machine: load it there");
    }
}

using StorageBytes = std::unordered_map<std::string_view, std::span<const std::byte>>;

/// A storage may be named by many tensors, always alike.
std::unordered_map<std::string_view, pickle::Storage> storages_by_key(
    const pickle::Objects& objects) {
    std::unordered_map<std::string_view, pickle::Storage> out;
    for (const pickle::Storage& storage : objects.storages) {
        const auto [slot, is_new] = out.emplace(storage.key, storage);
        if (!is_new && (slot->second.type != storage.type || slot->second.count != storage.count))
            throw damaged(
                fmt::format("describes its storage {} in two ways", in_quotes(storage.key)));
    }
    return out;
}

/// Behind the pickles, in the order of the key list: a count of elements and the elements.
StorageBytes read_storages(ByteReader& in, const pickle::Objects& objects,
                           std::span<const pickle::Value> keys) {
    const auto known = storages_by_key(objects);
    StorageBytes out;
    for (const pickle::Value& item : keys) {
        const auto* key = std::get_if<std::string_view>(&item);
        if (key == nullptr) throw damaged("has a storage key that is not a text");
        const auto found = known.find(*key);
        if (found == known.end())
            throw damaged(fmt::format("has a storage {} that no tensor names", in_quotes(*key)));
        const pickle::Storage& storage = found->second;
        const auto count = in.read<std::int64_t>();
        if (count != storage.count)
            throw damaged(fmt::format("has a storage {} of {} elements that should have {}",
                                      in_quotes(*key), count, storage.count));
        const std::uint64_t size = element_size(storage.type);
        if (static_cast<std::uint64_t>(count) > in.left() / size)
            throw damaged(fmt::format("ends inside its storage {}", in_quotes(*key)));
        if (!out.emplace(*key, in.take(static_cast<std::uint64_t>(count) * size)).second)
            throw damaged(fmt::format("has its storage {} twice", in_quotes(*key)));
    }
    return out;
}

}  // namespace

bool is_torch_legacy(std::span<const std::byte> file) {
    return file.size() >= magic.size() &&
           std::ranges::equal(file.first(magic.size()), std::as_bytes(std::span(magic)));
}

StateDict read_torch_legacy(std::span<const std::byte> file) {
    ByteReader in(file, "torch legacy file");
    in.skip(magic.size());
    check_version(in);
    check_byte_order(in);
    pickle::Objects objects;
    const pickle::Value root = pickle::Machine(in, objects).run();
    const pickle::Value key_list = pickle::Machine(in, objects).run();
    const auto* keys = std::get_if<pickle::List>(&key_list);
    if (keys == nullptr) throw damaged("has no list of its storages");
    const StorageBytes bytes = read_storages(in, objects, objects.lists[keys->index]);
    const auto source = [&](const pickle::Storage& storage) {
        const auto found = bytes.find(storage.key);
        if (found == bytes.end())
            throw damaged(
                fmt::format("lies in a storage {} that is not there", in_quotes(storage.key)));
        return found->second;
    };
    StateDict out =
        build_state_dict(objects, root, source, file.size() * most_tensor_bytes_per_byte);
    out.format = "torch legacy";
    return out;
}

}  // namespace cytofleet
