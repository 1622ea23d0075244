// What a person can do about a file operation that failed.
#pragma once

#include <string>

namespace cytofleet {

/// `error` is an errno: "the disk is full; free space and run again".
std::string file_remedy(int error);

}  // namespace cytofleet
