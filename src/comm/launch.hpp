// How this process was started, from the variables that mpirun, srun and other launchers set.
#pragma once

#include <functional>

namespace cytofleet {

struct Launch {
    bool by_mpi = false;  ///< a launcher offers MPI start-up
    int processes = 1;    ///< as the launcher says; 1 where it does not
};

/// `variable` looks a name up and gives nullptr for one that is not set (std::getenv). A plain
/// shell inside a Slurm job has SLURM_NTASKS and SLURM_PROCID too, so neither counts; an srun step
/// has SLURM_STEP_NUM_TASKS.
Launch find_launch(const std::function<const char*(const char*)>& variable);

}  // namespace cytofleet
