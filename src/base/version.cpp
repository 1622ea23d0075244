#include "base/version.hpp"

#include <fmt/format.h>

namespace cytofleet {

std::string version() {
    return CYTOFLEET_VERSION;
}

std::string build_text() {
    return fmt::format("cytofleet {}, compiler {}, {} build", CYTOFLEET_VERSION, CYTOFLEET_COMPILER,
                       CYTOFLEET_BUILD_TYPE);
}

}  // namespace cytofleet
