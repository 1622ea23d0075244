#include "pipeline/messages.hpp"

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"

namespace cytofleet {

std::vector<std::byte> to_bytes(const Unit& unit) {
    ByteWriter out;
    for (const std::int64_t number : {unit.file, unit.scene, unit.first, unit.count})
        out.write(number);
    return out.take();
}

Unit unit_from_bytes(std::span<const std::byte> bytes) {
    ByteReader in(bytes, "unit");
    Unit out;
    for (std::int64_t* number : {&out.file, &out.scene, &out.first, &out.count})
        *number = in.read<std::int64_t>();
    return out;
}

std::vector<std::byte> number_to_bytes(std::int64_t number) {
    ByteWriter out;
    out.write(number);
    return out.take();
}

std::int64_t number_from_bytes(std::span<const std::byte> bytes) {
    return ByteReader(bytes, "number").read<std::int64_t>();
}

std::string text_from_bytes(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace cytofleet
