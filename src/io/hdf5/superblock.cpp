#include "io/hdf5/superblock.hpp"

#include <array>
#include <fstream>

#include <fmt/format.h>

#include "base/byte_reader.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace cytofleet::hdf5 {
namespace {

// HDF5 File Format Specification 3.0, II.A: superblock of version 2 and 3.
constexpr std::string_view signature("\x89HDF\r\n\x1a\n", 8);
constexpr std::size_t superblock_bytes = 48;

[[noreturn]] void refuse(const std::filesystem::path& path, std::string_view reason) {
    throw Error(ErrorKind::input, fmt::format("{}: {}", show(path), reason));
}

}  // namespace

void check_superblock(const std::filesystem::path& path) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error))
        refuse(path, error ? error.message() + "; is the name right?" : "is no file; name a file");
    const std::uint64_t size = std::filesystem::file_size(path, error);
    std::array<char, superblock_bytes> bytes{};
    std::ifstream file(path, std::ios::binary);
    if (error || !file) refuse(path, "cannot be opened; may you read it?");
    file.read(bytes.data(), bytes.size());
    if (std::string_view(bytes.data(), signature.size()) != signature)
        refuse(path, "is no HDF5 file, or its beginning is damaged; write the file again");
    if (file.gcount() < static_cast<std::streamsize>(bytes.size()))
        refuse(path, "is cut off in its first bytes; write the file again");
    ByteReader in(std::as_bytes(std::span(bytes)), "the superblock");
    in.take(signature.size());
    const auto version = in.read<std::uint8_t>();
    const auto offset_size = in.read<std::uint8_t>();
    const auto length_size = in.read<std::uint8_t>();
    if (version < 2 || version > 3 || offset_size != 8 || length_size != 8)
        refuse(path, "is an HDF5 file, but no label file of this program; name one that is");
    in.read<std::uint8_t>();   // flags
    in.read<std::uint64_t>();  // base address
    in.read<std::uint64_t>();  // superblock extension
    const auto end = in.read<std::uint64_t>();
    if (end > size)
        refuse(path,
               fmt::format("is cut off: {} of {} bytes are there; copy the file again", size, end));
}

}  // namespace cytofleet::hdf5
