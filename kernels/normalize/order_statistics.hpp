// Values at given places of the sorted order, without sorting.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "kernels/support/exec.hpp"

namespace cytofleet::cpu {

/// Ascending, from 0, below the number of values.
using FourRanks = std::array<std::int64_t, 4>;
using FourValues = std::array<float, 4>;

/// `values` has no NaN; -0 counts as 0. Linear time, whatever the values.
FourValues order_statistics(const Exec& exec, std::span<const float> values,
                            const FourRanks& ranks);

/// The same by partitioning: for small sets, on one thread, without memory of its own.
FourValues order_statistics_in_place(std::span<float> values, const FourRanks& ranks);

}  // namespace cytofleet::cpu
