#include "base/memory_limit.hpp"

#include <filesystem>
#include <fstream>
#include <sys/resource.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/in_child.hpp"
#include "support/files.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& file, const std::string& text) {
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
}

TEST(MemoryLimit, TheGroupsAroundAProcessCountToo) {
    const test::TempDir root;
    write(root.path() / "proc/self/cgroup", "0::/system.slice/job_7/step_0\n");
    const fs::path groups = root.path() / "sys/fs/cgroup/system.slice";
    write(groups / "job_7/step_0/memory.max", "max\n");
    write(groups / "job_7/memory.max", "4000000000\n");
    write(groups / "memory.max", "9000000000\n");
    EXPECT_EQ(control_group_limit(root.path()).bytes, 4'000'000'000U);
}

TEST(MemoryLimit, OfTheFirstVersionTheMemoryControllerIsAsked) {
    const test::TempDir root;
    write(root.path() / "proc/self/cgroup", "9:name=systemd:/a\n4:memory:/job\n3:cpu:/b\n");
    write(root.path() / "sys/fs/cgroup/memory/job/memory.limit_in_bytes", "1000000\n");
    write(root.path() / "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    EXPECT_EQ(control_group_limit(root.path()).bytes, 1'000'000U);
}

TEST(MemoryLimit, WithoutGroupsThereIsNone) {
    const test::TempDir root;
    EXPECT_EQ(control_group_limit(root.path()).bytes, 0U);
}

TEST(MemoryLimit, TheMachineAndTheAddressSpaceBoundIt) {
    const auto pages = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES));
    const MemoryLimit here = memory_limit();
    EXPECT_GT(here.bytes, 0U);
    EXPECT_LE(here.bytes, pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)));
    const ChildEnd end = in_child([] {
        const rlimit space{300'000'000, 300'000'000};
        setrlimit(RLIMIT_AS, &space);
        const MemoryLimit limit = memory_limit();
        return std::to_string(limit.bytes) + (limit.of_each ? " each" : "");
    });
    EXPECT_TRUE(end.text.ends_with(" each")) << end.text << end.problem;
    EXPECT_LE(std::stoull(end.text), 300'000'000U);
}

}  // namespace
}  // namespace cytofleet
