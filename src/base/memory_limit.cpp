#include "base/memory_limit.hpp"

#include <fstream>
#include <sys/resource.h>
#include <unistd.h>

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

/// 0: no such number. "max" is none.
std::uint64_t number_in(const fs::path& file) {
    std::ifstream in(file);
    std::uint64_t out = 0;
    return in >> out ? out : 0;
}

void lower(MemoryLimit& limit, std::uint64_t bytes, const char* whose, bool of_each = false) {
    if (bytes == 0 || (limit.bytes != 0 && limit.bytes <= bytes)) return;
    limit = {bytes, whose, of_each};
}

/// A group's own file and those of the groups around it.
void lower_by_group(MemoryLimit& limit, const fs::path& mount, const fs::path& group,
                    const char* file) {
    fs::path folder = mount / group.relative_path();
    while (true) {
        lower(limit, number_in(folder / file), "the job may have");
        if (folder == mount || !folder.has_relative_path()) return;
        folder = folder.parent_path();
        if (folder.native().size() < mount.native().size()) return;
    }
}

struct Sizes {
    std::uint64_t mapped = 0;
    std::uint64_t resident = 0;
};

Sizes sizes_now() {
    std::ifstream in("/proc/self/statm");
    Sizes out;
    in >> out.mapped >> out.resident;
    const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    return {out.mapped * page, out.resident * page};
}

}  // namespace

MemoryLimit control_group_limit(const fs::path& root) {
    MemoryLimit out;
    std::ifstream groups(root / "proc/self/cgroup");
    for (std::string line; std::getline(groups, line);) {
        // number:controllers:path; version 2 has no controllers.
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        const std::string controllers = line.substr(first + 1, second - first - 1);
        const fs::path group = line.substr(second + 1);
        const fs::path mount = root / "sys/fs/cgroup";
        if (controllers.empty())
            lower_by_group(out, mount, group, "memory.max");
        else if (controllers == "memory")
            lower_by_group(out, mount / "memory", group, "memory.limit_in_bytes");
    }
    return out;
}

MemoryLimit memory_limit() {
    MemoryLimit out = control_group_limit("/");
    const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    lower(out, static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * page, "this machine has");
    rlimit space{};
    if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY) {
        // What is mapped but not resident counts against this limit alone.
        const Sizes now = sizes_now();
        const std::uint64_t idle = now.mapped - now.resident;
        lower(out, space.rlim_cur > idle ? space.rlim_cur - idle : 1,
              "the limit of address space (ulimit -v) leaves", true);
    }
    return out;
}

std::uint64_t resident_memory() {
    return sizes_now().resident;
}

}  // namespace cytofleet
