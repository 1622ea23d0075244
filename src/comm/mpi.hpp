// The MPI communicator, in builds that have MPI.
#pragma once

#include <memory>
#include <string>

#include "comm/communicator.hpp"

namespace cytofleet {

/// Seconds after which a rank or its node is taken for one that hangs.
struct MpiPatience {
    unsigned start = 300;  ///< of MPI itself; then the process ends with the code for a stopped run
    double silence = 300;  ///< in broadcast() and barrier(), without a message
};

/// Empty in builds without MPI.
std::unique_ptr<Communicator> make_mpi(int& argc, char**& argv, const MpiPatience& patience = {});
/// "Open MPI v4.1.4 ..." or "not built in".
std::string mpi_library();

}  // namespace cytofleet
