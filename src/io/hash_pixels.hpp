// The checksum of a scene's pixels by which people compare files across programs.
#pragma once

#include <cstdint>
#include <string>

#include "io/reader.hpp"

namespace cytofleet {

/// SHA-256, 64 hex digits, of the scene's pixels as one C-ordered little-endian array in the file's
/// order of axes (SceneInfo::axes): what hashlib.sha256(tifffile.imread(path)) gives. Missing
/// planes count as zeros. Throws Error{input} when a plane cannot be read.
std::string hash_pixels(Reader& reader, std::int64_t scene = 0);

}  // namespace cytofleet
