// The MPI communicator, in builds that have MPI.
#pragma once

#include <memory>
#include <string>

#include "comm/communicator.hpp"

namespace cytofleet {

/// Empty in builds without MPI.
std::unique_ptr<Communicator> make_mpi(int& argc, char**& argv);
/// "Open MPI v4.1.4 ..." or "not built in".
std::string mpi_library();

}  // namespace cytofleet
