// The directories of a TIFF whose strips are already in the file, classic or Big.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cytofleet {

/// One page of labels: deflated strips of one sample.
struct PageLayout {
    std::int64_t height = 0;
    std::int64_t width = 0;
    std::int64_t rows_per_strip = 0;
    std::uint16_t bits = 16;
    std::vector<std::uint64_t> offsets;  ///< of the strips in the file
    std::vector<std::uint64_t> lengths;
};

struct DirectoryBytes {
    bool big = false;                    ///< BigTIFF
    std::vector<std::byte> header;       ///< for offset 0; `header_room` bytes
    std::vector<std::byte> directories;  ///< to append at the offset they were made for
};

inline constexpr std::uint64_t header_room = 16;

/// Directories for pages whose strips end at `end` (even). The first page carries `description` and
/// `software`. Classic when everything ends below 4 GiB and `force_big` is off.
DirectoryBytes make_directories(const std::vector<PageLayout>& pages,
                                const std::string& description, const std::string& software,
                                std::uint64_t end, bool force_big = false);

}  // namespace cytofleet
