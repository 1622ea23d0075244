// How much memory this process may have, and who says so.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace cytofleet {

struct MemoryLimit {
    std::uint64_t bytes = 0;  ///< 0: none is known
    std::string whose;        ///< "this machine has", "the job may have": a number follows
    bool of_each = false;     ///< each process has so much; otherwise all of the machine together
};

/// The least of what the machine has, the control group and its parents allow (versions 1 and 2),
/// and what is left below the limit of address space (ulimit -v) beside what is mapped already.
MemoryLimit memory_limit();
/// The same with the files of another root, for tests: proc/self/cgroup and sys/fs/cgroup there.
MemoryLimit control_group_limit(const std::filesystem::path& root);

/// Resident memory of this process now.
std::uint64_t resident_memory();

}  // namespace cytofleet
