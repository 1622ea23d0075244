// What tells whether an input is still the file that it was.
#pragma once

#include <string>

#include "image/file_info.hpp"

namespace cytofleet {

/// 16 hex digits from the paths of the file and its members, their sizes, and the times of their
/// last change, or with `contents` their SHA-256 instead. Throws Error{input} when a file is gone.
std::string identify(const FileInfo& input, bool contents);

}  // namespace cytofleet
