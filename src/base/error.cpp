#include "base/error.hpp"

#include <fmt/format.h>

namespace cytofleet {

void ensure(bool good, std::string_view promise, const char* file, int line) {
    if (good) return;
    const std::string_view path = file;
    throw InternalError(fmt::format("internal error at {}:{}: {} does not hold",
                                    path.substr(path.rfind('/') + 1), line, promise));
}

}  // namespace cytofleet
