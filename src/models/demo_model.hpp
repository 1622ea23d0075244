// The small model that comes with the program.
#pragma once

#include <filesystem>

namespace cytofleet {

/// Beside the installed program (../share/cytofleet/demo) or in the source tree it was built from.
/// Throws Error{model} naming both when it is in neither.
std::filesystem::path demo_model_file();

}  // namespace cytofleet
