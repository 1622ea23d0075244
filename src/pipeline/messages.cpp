#include "pipeline/messages.hpp"

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "base/error.hpp"

namespace cytofleet {

void tell_alive(Communicator& comm) {
    for (int rank = 0; rank < comm.size(); ++rank)
        if (rank != comm.rank()) comm.send(rank, static_cast<int>(Tag::alive), {});
}
namespace {

constexpr std::int64_t most_frames = std::int64_t{1} << 32;  // of a scene; sums do not overflow

}  // namespace

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
    if (in.left() > 0 || out.file < 0 || out.scene < 0 || out.first < 0 || out.count < 1 ||
        out.first > most_frames || out.count > most_frames)
        throw Error(ErrorKind::input, "unit: frames that there are not");
    return out;
}

std::vector<std::byte> number_to_bytes(std::int64_t number) {
    ByteWriter out;
    out.write(number);
    return out.take();
}

std::int64_t number_from_bytes(std::span<const std::byte> bytes) {
    ByteReader in(bytes, "number");
    const auto out = in.read<std::int64_t>();
    if (in.left() > 0) throw Error(ErrorKind::input, "number: bytes left over");
    return out;
}

std::string text_from_bytes(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace cytofleet
