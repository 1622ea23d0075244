#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "app/commands.hpp"
#include "app/doctor/disk_check.hpp"
#include "app/doctor/exchange.hpp"
#include "app/doctor/finding.hpp"
#include "app/doctor/prepare.hpp"
#include "app/doctor/rank_facts.hpp"
#include "app/doctor/trust_check.hpp"
#include "app/doctor/wire_check.hpp"
#include "app/folder_arguments.hpp"
#include "app/terminal.hpp"
#include "base/error.hpp"
#include "comm/communicator.hpp"
#include "comm/launch.hpp"
#include "comm/mpi.hpp"
#include "io/hdf5/hdf5_labels.hpp"
#include "pipeline/choose_device.hpp"

namespace cytofleet {
namespace {

constexpr const char* help =
    "Usage: cytofleet doctor [--json] [DIR]\n"
    "       mpirun -n 8 cytofleet doctor DIR\n"
    "       cytofleet doctor --prepare GPU [--model MODEL] [--model-dir DIR] [--precision P]\n\n"
    "Looks at what clusters get wrong, as the ranks of a run would see it: how they were started, "
    "cores,\n"
    "memory, GPUs, the network, clocks, and whether DIR (default: here) is fit for results: "
    "shared, "
    "locks,\n"
    "fsync, free space, and who else may change them. Each line is ok, warn or fail, with the "
    "remedy. Exit\n"
    "code 1 when one fails.\n\n"
    "--prepare compiles the kernels that a model (default: cyto3) needs on a GPU (a100, h100, "
    "h200, "
    "l40s,\n"
    "rtx3090, rtx4090), which need not be here, so that no run has to: half a minute of each "
    "process\n"
    "otherwise. They are kept in $CYTOFLEET_CACHE, else ~/.cache/cytofleet. P: tf32 or fp16; "
    "default: both.\n";

/// Several processes that the program's MPI does not make one run of.
Finding wrong_launcher(int processes) {
    return {Health::fail, "MPI launch",
            fmt::format("a launcher started {} processes, but each is alone (MPI: {})", processes,
                        mpi_library()),
            "start with the launcher of the MPI that the program was built with: mpirun of Open "
            "MPI, or srun --mpi=pmix"};
}

Finding judge_launch(const Communicator& comm, const Launch& launch) {
    if (comm.size() == 1 && !launch.by_mpi)
        return {Health::ok, "MPI launch", "not started by MPI: one process", {}};
    return {Health::ok, "MPI launch", fmt::format("{} ranks, {}", comm.size(), mpi_library()), {}};
}

Finding judge_libraries() {
    if (has_hdf5()) return {Health::ok, "HDF5", hdf5_library(), {}};
    return {Health::warn, "HDF5", "not built in",
            "only --format hdf5 and --collect need it; build with libhdf5-openmpi-dev installed"};
}

/// Collective.
std::vector<Finding> check_gpus(Communicator& comm) {
    std::vector<Finding> out;
    const ChosenDevice chosen = choose_device(comm, RunOptions{});
    if (comm.rank() != 0) return out;
    for (const std::string& line : chosen.lines) out.push_back({Health::ok, "GPUs", line, {}});
    for (const std::string& line : chosen.warnings) out.push_back({Health::warn, "GPUs", line, {}});
    if (out.empty()) out.push_back({Health::ok, "GPUs", "none; the CPU is used", {}});
    return out;
}

void add(std::vector<Finding>& to, std::vector<Finding> more) {
    for (Finding& finding : more) to.push_back(std::move(finding));
}

/// Collective. Throws Error{usage} where no rank has the folder; a folder that only some have is
/// what check_shared() tells of.
void require_folder(Communicator& comm, const std::filesystem::path& folder) {
    std::error_code failed;
    const bool here = std::filesystem::is_directory(folder, failed);
    const auto all = gather_numbers(comm, here ? 1 : 0);
    std::vector<std::byte> any{std::byte{std::ranges::count(all, 1.0) > 0}};
    comm.broadcast(any, 0);
    if (any.at(0) == std::byte{0}) refuse_folder(folder);
}

std::vector<Finding> examine(Communicator& comm, const Launch& launch,
                             const std::filesystem::path& folder) {
    std::vector<Finding> out;
    const bool root = comm.rank() == 0;
    // Before any other message: it is the run's own first step.
    const auto gpus = check_gpus(comm);
    require_folder(comm, folder);
    std::vector<RankFacts> facts;
    for (const auto& bytes : gather_bytes(comm, to_bytes(own_facts(comm))))
        facts.push_back(facts_from_bytes(bytes));
    if (root) {
        out.push_back(judge_launch(comm, launch));
        add(out, judge_ranks(facts));
        out.push_back(judge_libraries());
        add(out, gpus);
    }
    add(out, check_wires(comm, facts));
    if (root) {
        add(out, check_disk(folder));
        add(out, check_trust(folder));
    }
    add(out, check_shared(comm, facts, folder));
    return out;
}

bool any_failed(const std::vector<Finding>& findings) {
    return std::ranges::any_of(
        findings, [](const Finding& finding) { return finding.health == Health::fail; });
}

}  // namespace

int doctor_command(const std::vector<std::string>& arguments, int& argc, char**& argv) {
    std::vector<std::string> others = arguments;
    const PrepareArguments wanted = take_prepare_arguments(others);
    const FolderArguments given = parse_folder_arguments("doctor", others);
    if (given.help) {
        print_text(help);
        return 0;
    }
    const auto show_findings = [&](const std::vector<Finding>& findings) {
        print_text(given.json ? json_of(findings) : text_of(findings));
    };
    if (!wanted.device.empty()) {
        const auto findings = prepare_kernels(wanted);
        show_findings(findings);
        return any_failed(findings) ? 1 : 0;
    }
    const Launch launch = find_launch([](const char* name) { return std::getenv(name); });
    std::unique_ptr<Communicator> comm;
    try {
        comm = make_world(argc, argv);
    } catch (const Error&) {
        if (launch.processes == 1) throw;
        // What it would stop a run with is a finding here; each process tells it for itself.
        show_findings({wrong_launcher(launch.processes)});
        return 1;
    }
    const auto findings = examine(*comm, launch, given.folder);
    const bool failed = any_failed(findings);
    if (comm->rank() == 0) show_findings(findings);
    std::vector<std::byte> code{std::byte{failed}};
    comm->broadcast(code, 0);
    return static_cast<int>(code.at(0));
}

}  // namespace cytofleet
