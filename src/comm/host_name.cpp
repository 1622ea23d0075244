#include "comm/host_name.hpp"

#include <array>
#include <unistd.h>

namespace cytofleet {

std::string host_name() {
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "unknown";
    return name.data();
}

}  // namespace cytofleet
