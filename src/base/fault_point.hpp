// Places where tests make the program die or hang, to see that nothing is lost by it.
#pragma once

#include <string_view>

namespace cytofleet {

/// Does nothing but in builds with CYTOFLEET_FAULT_POINTS, which are for tests: there it acts when
/// $CYTOFLEET_FAULT names this place. The variable is ACTION:RANK:COUNT:NAME, the name with _ for
/// spaces; RANK may be *, COUNT is how many passes go by before; ACTION is kill, stop, abort,
/// orphan (kills the parent, which is mpirun on its host), or trace (names the places passed on
/// standard error).
void fault_point(std::string_view name);
/// The rank that RANK is compared with.
void set_fault_rank(int rank);

}  // namespace cytofleet
