// Any bytes as the pickle of a state dict whose storages are all there, so that no CRC keeps the
// fuzzer from the tensors: values and views, or one line that says why not.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>
#include <vector>

#include "base/byte_reader.hpp"
#include "base/error.hpp"
#include "weights/pickle_machine.hpp"
#include "weights/refusal.hpp"
#include "weights/state_dict.hpp"

namespace {

constexpr std::size_t largest_storage = 4096;

std::span<const std::byte> zeros_of(const cytofleet::pickle::Storage& storage,
                                    std::vector<std::byte>& room) {
    const std::size_t size = element_size(storage.type);
    if (static_cast<std::uint64_t>(storage.count) > largest_storage / size)
        throw cytofleet::damaged("lies in a storage larger than the fuzzer's");
    // Exactly as long as promised: one byte further is the sanitizer's.
    room.assign(static_cast<std::size_t>(storage.count) * size, std::byte{0});
    return room;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        cytofleet::ByteReader in(std::as_bytes(std::span(data, size)), "pickle");
        cytofleet::pickle::Objects objects;
        const cytofleet::pickle::Value root = cytofleet::pickle::Machine(in, objects).run();
        std::vector<std::byte> room;
        const auto source = [&](const cytofleet::pickle::Storage& storage) {
            return zeros_of(storage, room);
        };
        const auto dict = cytofleet::build_state_dict(objects, root, source, 1U << 20);
        if (dict.tensors.size() + dict.integers.size() != dict.stored_types.size()) std::abort();
    } catch (const cytofleet::Error& error) {
        if (std::string_view(error.what()).find('\n') != std::string_view::npos) std::abort();
    }
    return 0;
}
