// How a run ends, for scripts; DESIGN section 6.
#pragma once

namespace cytofleet::exit_codes {

inline constexpr int failed = 1;
inline constexpr int partly_done = 3;  ///< files or frames could not be segmented
inline constexpr int rank_lost = 4;    ///< all done, but not everybody lives
inline constexpr int stopped = 85;     ///< start it again

}  // namespace cytofleet::exit_codes
