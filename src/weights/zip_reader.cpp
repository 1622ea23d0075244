#include "weights/zip_reader.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>
#include <zlib.h>

#include "base/byte_reader.hpp"
#include "weights/inflate.hpp"
#include "weights/refusal.hpp"

namespace cytofleet {
namespace {

constexpr std::uint32_t header_signature = 0x04034b50;
constexpr std::uint32_t descriptor_signature = 0x08074b50;
constexpr std::uint64_t most_unpacked_per_byte = 16;

}  // namespace

ZipReader::ZipReader(std::span<const std::byte> file)
    : file_(file), directory_(read_zip_directory(file)) {
    check_unpacked_size();
    for (ZipEntry& entry : directory_.entries) locate(entry);
    check_no_overlap();
}

const ZipEntry* ZipReader::find(std::string_view name) const {
    const auto found = std::ranges::find(directory_.entries, name, &ZipEntry::name);
    return found == directory_.entries.end() ? nullptr : &*found;
}

void ZipReader::check_unpacked_size() const {
    std::uint64_t room = file_.size() * most_unpacked_per_byte;
    for (const ZipEntry& entry : directory_.entries) {
        if (entry.size > room)
            throw damaged(fmt::format("the zip entry {} claims {} bytes, too many for a file of {}",
                                      in_quotes(entry.name), entry.size, file_.size()));
        room -= entry.size;
    }
}

void ZipReader::locate(ZipEntry& entry) const {
    // Entries lie before the directory: a reader of that part cannot leave it.
    ByteReader in(file_.first(directory_.begin),
                  fmt::format("zip entry {}", in_quotes(entry.name)));
    in.seek(entry.header);
    const auto mismatch = [&] {
        return damaged(
            fmt::format("the header of the zip entry {} does not agree with the directory",
                        in_quotes(entry.name)));
    };
    if (in.read<std::uint32_t>() != header_signature) throw mismatch();
    in.skip(2);
    const auto flags = in.read<std::uint16_t>();
    const auto method = in.read<std::uint16_t>();
    in.skip(2 + 2);
    const auto crc = in.read<std::uint32_t>();
    std::uint64_t packed_size = in.read<std::uint32_t>();
    std::uint64_t size = in.read<std::uint32_t>();
    const auto name_length = in.read<std::uint16_t>();
    const auto extra_length = in.read<std::uint16_t>();
    const auto name = in.take(name_length);
    const auto extra = in.take(extra_length);
    if (flags != entry.flags || method != static_cast<std::uint16_t>(entry.method) ||
        !std::ranges::equal(name, std::as_bytes(std::span(entry.name))))
        throw mismatch();
    entry.data = in.position();
    in.skip(entry.packed_size);
    if (entry.has_descriptor()) {
        if (!descriptor_agrees(entry)) throw mismatch();
        return;
    }
    const std::array<std::uint64_t*, 2> fields{&size, &packed_size};
    widen_from_extra(extra, fields);
    if (crc != entry.crc || size != entry.size || packed_size != entry.packed_size)
        throw mismatch();
}

/// A descriptor repeats CRC and sizes behind the data, with or without a signature, the sizes in 4
/// or 8 bytes: nothing says which of the four it is.
bool ZipReader::descriptor_agrees(const ZipEntry& entry) const {
    const auto rest = file_.first(directory_.begin).subspan(entry.data + entry.packed_size);
    for (const bool is_signed : {true, false}) {
        for (const bool is_wide : {true, false}) {
            ByteReader in(rest, "zip data descriptor");
            if (in.left() < (is_signed ? 8U : 4U) + (is_wide ? 16U : 8U)) continue;
            if (is_signed && in.read<std::uint32_t>() != descriptor_signature) continue;
            if (in.read<std::uint32_t>() != entry.crc) continue;
            const std::uint64_t packed =
                is_wide ? in.read<std::uint64_t>() : in.read<std::uint32_t>();
            const std::uint64_t size =
                is_wide ? in.read<std::uint64_t>() : in.read<std::uint32_t>();
            if (packed == entry.packed_size && size == entry.size) return true;
        }
    }
    return false;
}

void ZipReader::check_no_overlap() const {
    std::vector<const ZipEntry*> in_order;
    in_order.reserve(directory_.entries.size());
    for (const ZipEntry& entry : directory_.entries) in_order.push_back(&entry);
    std::ranges::sort(in_order, {}, &ZipEntry::header);
    std::uint64_t end = 0;
    for (const ZipEntry* entry : in_order) {
        if (entry->header < end)
            throw damaged(
                fmt::format("the zip entry {} lies inside another one", in_quotes(entry->name)));
        end = entry->data + entry->packed_size;
    }
}

std::span<const std::byte> ZipReader::read(const ZipEntry& entry,
                                           std::vector<std::byte>& room) const {
    std::span<const std::byte> contents = file_.subspan(entry.data, entry.packed_size);
    if (entry.method == ZipMethod::deflated) {
        room.resize(entry.size);
        if (!inflate_exactly(contents, room))
            throw damaged(fmt::format("the zip entry {} does not unpack", in_quotes(entry.name)));
        contents = room;
    }
    const auto crc =
        crc32_z(0, reinterpret_cast<const unsigned char*>(contents.data()), contents.size());
    if (crc != entry.crc)
        throw damaged(
            fmt::format("the zip entry {} does not match its CRC", in_quotes(entry.name)));
    return contents;
}

}  // namespace cytofleet
