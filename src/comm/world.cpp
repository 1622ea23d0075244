#include <cstdlib>

#include <fmt/format.h>

#include "base/error.hpp"
#include "comm/communicator.hpp"
#include "comm/launch.hpp"
#include "comm/mpi.hpp"

namespace cytofleet {

std::unique_ptr<Communicator> make_world(int& argc, char**& argv) {
    const Launch launch = find_launch([](const char* name) { return std::getenv(name); });
    // A start of MPI takes a third of a second, so a process started by hand does without.
    auto mpi = launch.by_mpi ? make_mpi(argc, argv) : nullptr;
    const int size = mpi ? mpi->size() : 1;
    if (size == 1 && launch.processes > 1)
        throw Error(
            ErrorKind::environment,
            fmt::format("{} processes were started but cannot see each other (MPI: {}), so "
                        "each would do all the work; start them by mpirun or srun --mpi=pmix "
                        "of the MPI that cytofleet was built with, or start one",
                        launch.processes, mpi_library()));
    if (mpi) return mpi;
    return make_solo();
}

}  // namespace cytofleet
