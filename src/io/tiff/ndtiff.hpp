// Micro-Manager's NDTiff: TIFF stacks whose axes are in the file NDTiff.index beside them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "io/tiff/ome_scenes.hpp"
#include "io/tiff/tiff_pixels.hpp"

namespace cytofleet {

/// One image of the index: where it stands on each axis ("time", "channel", "z", "position", ...),
/// and where its pixels lie.
struct NdtiffEntry {
    std::map<std::string, std::variant<std::int64_t, std::string>> axes;
    std::string file;
    std::uint64_t at = 0;
    std::int64_t width = 0;
    std::int64_t height = 0;
    std::uint32_t compression = 0;
};

/// The whole entries; what follows the first that is cut or damaged is left out. Empty when there
/// is none.
std::vector<NdtiffEntry> parse_ndtiff_index(std::span<const std::byte> index);

/// The set that the index beside `file` describes; absent when there is none, or when it does not
/// fit the file (`warnings` then says why).
std::optional<OmeSet> ndtiff_set(const TiffFile& file, TiffPixels& pixels, const Route& route,
                                 std::vector<std::string>& warnings);

}  // namespace cytofleet
