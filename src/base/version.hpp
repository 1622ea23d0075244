// The program's version and how it was built.
#pragma once

#include <string>

namespace cytofleet {

std::string version();     ///< "0.1.0"
std::string build_text();  ///< "0.1.0, g++ 12.2.0, Release"

}  // namespace cytofleet
