// The MPI communicator, in builds that have MPI.
#pragma once

#include <memory>
#include <string>

#include "comm/communicator.hpp"

namespace cytofleet {

/// Empty in builds without MPI. A start that takes longer, in seconds, because a rank or its node
/// hangs, ends the process with the code for a stopped run.
std::unique_ptr<Communicator> make_mpi(int& argc, char**& argv, unsigned patience = 300);
/// "Open MPI v4.1.4 ..." or "not built in".
std::string mpi_library();

}  // namespace cytofleet
