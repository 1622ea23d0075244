// Writes zip files by hand, so that tests can write wrong ones.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cytofleet::test {

/// How CRC and sizes follow the data, if they do.
enum class Descriptor { none, plain32, signed32, plain64, signed64 };

struct ZipPart {
    std::string name{};
    std::string contents{};
    bool deflate = false;
    Descriptor descriptor = Descriptor::none;
    bool zip64_fields = false;              ///< sizes and offset in zip64 extra fields
    std::optional<std::uint32_t> crc{};     ///< instead of the right one, everywhere
    std::optional<std::uint64_t> size{};    ///< instead of the right unpacked size, everywhere
    std::optional<std::string> own_name{};  ///< in the entry's own header
    std::uint16_t flags = 0;                ///< more flags, everywhere
    std::optional<std::uint16_t> method{};  ///< instead of the right one, everywhere
    std::optional<std::uint32_t> header{};  ///< where the directory says the entry is
};

struct ZipEnd {
    bool zip64 = false;
    std::string comment{};
    std::optional<std::uint16_t> entries{};  ///< instead of the right count
    std::int64_t shift = 0;                  ///< added to where the directory is said to begin
    std::uint16_t disk = 0;
};

std::string zip_file(const std::vector<ZipPart>& parts, const ZipEnd& end = {});

}  // namespace cytofleet::test
