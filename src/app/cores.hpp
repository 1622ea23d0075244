// The cores of a rank.
#pragma once

namespace cytofleet {

/// Cores this process may use, shared with the other ranks of the host when nothing binds them
/// apart; at least 1.
int share_of_cores(int ranks_here);

}  // namespace cytofleet
