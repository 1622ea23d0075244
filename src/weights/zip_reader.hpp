// Reads the entries of a zip file that lies in memory and believes nothing it has not checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "weights/zip_directory.hpp"

namespace cytofleet {

/// The file's bytes are the caller's and must outlive this. Checks at once that every entry's own
/// header agrees with the directory, that no two entries share bytes, and that unpacking all of
/// them takes at most 16 times the file's size. Throws Error{model} or Error{input}, as read()
/// does.
class ZipReader {
  public:
    explicit ZipReader(std::span<const std::byte> file);
    const std::vector<ZipEntry>& entries() const { return directory_.entries; }
    /// Null when there is no entry of this name.
    const ZipEntry* find(std::string_view name) const;
    /// An entry's contents, their CRC checked: stored ones are seen in place, deflated ones
    /// unpacked into `room`.
    std::span<const std::byte> read(const ZipEntry& entry, std::vector<std::byte>& room) const;

  private:
    void locate(ZipEntry& entry) const;
    bool descriptor_agrees(const ZipEntry& entry) const;
    void check_no_overlap() const;
    void check_unpacked_size() const;

    std::span<const std::byte> file_;
    ZipDirectory directory_;
};

}  // namespace cytofleet
