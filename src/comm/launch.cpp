#include "comm/launch.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace cytofleet {

Launch find_launch(const std::function<const char*(const char*)>& variable) {
    Launch launch;
    for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"})
        if (variable(name) != nullptr) launch.by_mpi = true;
    // The first that is set counts: mpirun's own helpers may be srun steps.
    for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"}) {
        const char* text = variable(name);
        if (text == nullptr) continue;
        std::from_chars(text, text + std::strlen(text), launch.processes);
        launch.processes = std::max(launch.processes, 1);
        break;
    }
    return launch;
}

}  // namespace cytofleet
