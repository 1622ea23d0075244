// Work of the network, as its layers are written (cellpose3.md 3.8), not as they are run.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cytofleet {

/// Floating point operations of the convolutions of one tile of side x side pixels; a multiply-add
/// is two. `widths`: CpNet::widths().
inline double network_flops(const std::vector<std::int64_t>& widths, std::int64_t side) {
    double macs = 0;
    const auto stages = widths.size() - 1;
    const auto at = [&](std::size_t n) { return static_cast<double>(widths[std::min(n, stages)]); };
    for (std::size_t n = 0; n < stages; ++n) {
        const double pixels = static_cast<double>((side >> n) * (side >> n));
        const double down = at(n + 1);
        const double up = at(n + 2);
        macs += pixels * (at(n) * down * 10 + down * down * 27);  // proj, conv_0; conv_1 to 3
        macs += pixels * (up * down * 10 + down * down * 27);
    }
    return 2 * (macs + static_cast<double>(side * side) * at(1) * 3);
}

}  // namespace cytofleet
