#include "base/error.hpp"

#include <fmt/format.h>

namespace cytofleet {

void ensure(bool good, std::string_view promise, std::source_location where) {
    if (good) return;
    throw InternalError(fmt::format("internal error at {}:{}: {} does not hold", where.file_name(),
                                    where.line(), promise));
}

}  // namespace cytofleet
