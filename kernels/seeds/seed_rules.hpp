// The numbers of Cellpose's clustering (cellpose3.md 5.4), once for both twins.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cytofleet {

inline constexpr std::uint32_t more_than_for_seed = 10;
inline constexpr std::uint32_t more_than_to_grow = 2;
inline constexpr std::int64_t seed_radius = 2;          ///< no more ends within it than at the seed
inline constexpr std::int64_t seed_reach = 5;           ///< steps that a seed grows
inline constexpr std::size_t stable_sort_from = 32768;  ///< seeds; torch then sorts another way

}  // namespace cytofleet
