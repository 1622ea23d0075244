// The "shaped" image description that tifffile and scikit-image write.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cytofleet {

struct ShapedDescription {
    std::vector<std::int64_t> shape;  ///< at least one axis, every size at least 1
    std::string axes;                 ///< as long as shape, upper case; empty when not given
    std::string name;
};

/// Understands {"shape": [2, 256, 256], "axes": "ZYX"} and the older shape=(2, 256, 256). Absent
/// when the text is something else or the product of the sizes is absurd.
std::optional<ShapedDescription> parse_shaped(std::string_view description);

}  // namespace cytofleet
