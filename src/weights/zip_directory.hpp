// The central directory of a zip file: what is in it, and where it says that is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace cytofleet {

enum class ZipMethod : std::uint16_t { stored = 0, deflated = 8 };

/// One entry as the central directory has it. `name` points into the file.
struct ZipEntry {
    std::string_view name;
    std::uint16_t flags = 0;
    ZipMethod method = ZipMethod::stored;
    std::uint32_t crc = 0;
    std::uint64_t packed_size = 0;
    std::uint64_t size = 0;
    std::uint64_t header = 0;  ///< where the entry's own header starts
    std::uint64_t data = 0;    ///< where its bytes start; set by ZipReader
    bool has_descriptor() const { return (flags & 0x8U) != 0; }
};

struct ZipDirectory {
    std::vector<ZipEntry> entries;  ///< no name twice
    std::uint64_t begin = 0;        ///< of the directory itself: the entries lie before it
};

/// Sizes that a 32-bit field of a header cannot hold stand in its zip64 extra field: replaces those
/// of `fields` that are saturated, in the order given.
void widen_from_extra(std::span<const std::byte> extra, std::span<std::uint64_t* const> fields);

/// Zip and zip64, one disk, nothing encrypted, stored or deflated. Throws Error{model} or
/// Error{input}. Source: PKWARE's APPNOTE.TXT 6.3.10.
ZipDirectory read_zip_directory(std::span<const std::byte> file);

}  // namespace cytofleet
