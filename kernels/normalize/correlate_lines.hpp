// Sliding weighted sums of several lines at once, vectorised for the CPU they run on.
#pragma once

#include <cstddef>
#include <span>

namespace cytofleet::cpu {

/// Lines that are summed together: position i of line l is element i * line_group + l.
inline constexpr std::size_t line_group = 16;

/// out[i, l] = sum over t of taps[t] * in[i + t, l] for 0 <= i < count, in fp64 and in this order,
/// each operation rounded: the same bits on every CPU. `in` is taps.size() - 1 longer than `out`.
void correlate_lines(const double* in, std::span<const double> taps, std::size_t count,
                     double* out);

}  // namespace cytofleet::cpu
