// Which environment variables mean that a launcher started several processes.
#include "comm/launch.hpp"

#include <cstdlib>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "comm/communicator.hpp"

namespace cytofleet {
namespace {

Launch with(const std::map<std::string, std::string>& variables) {
    return find_launch([&](const char* name) -> const char* {
        const auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
    });
}

TEST(Launch, ByHandIsOneProcess) {
    EXPECT_FALSE(with({}).by_mpi);
    EXPECT_EQ(with({}).processes, 1);
}

TEST(Launch, ByMpirun) {
    const Launch launch = with({{"OMPI_COMM_WORLD_SIZE", "4"}, {"PMIX_RANK", "0"}});
    EXPECT_TRUE(launch.by_mpi);
    EXPECT_EQ(launch.processes, 4);
}

TEST(Launch, MpirunsOwnSrunStepsDoNotCount) {
    EXPECT_EQ(with({{"OMPI_COMM_WORLD_SIZE", "1"}, {"SLURM_STEP_NUM_TASKS", "3"}}).processes, 1);
}

TEST(Launch, BySrunWithAndWithoutPmix) {
    const Launch pmix =
        with({{"SLURM_NTASKS", "6"}, {"SLURM_STEP_NUM_TASKS", "6"}, {"PMIX_RANK", "2"}});
    EXPECT_TRUE(pmix.by_mpi);
    EXPECT_EQ(pmix.processes, 6);
    const Launch none = with({{"SLURM_NTASKS", "6"}, {"SLURM_STEP_NUM_TASKS", "6"}});
    EXPECT_FALSE(none.by_mpi);
    EXPECT_EQ(none.processes, 6);
}

TEST(Launch, AShellInASlurmJobIsOneProcess) {
    const Launch batch =
        with({{"SLURM_NTASKS", "6"}, {"SLURM_PROCID", "0"}, {"SLURM_JOB_ID", "7"}});
    EXPECT_FALSE(batch.by_mpi);
    EXPECT_EQ(batch.processes, 1);
}

TEST(Launch, ByHydra) {
    const Launch launch = with({{"PMI_RANK", "1"}, {"PMI_SIZE", "3"}});
    EXPECT_TRUE(launch.by_mpi);
    EXPECT_EQ(launch.processes, 3);
}

TEST(Launch, NonsenseCountsAsOne) {
    EXPECT_EQ(with({{"PMI_SIZE", ""}, {"OMPI_COMM_WORLD_SIZE", "many"}}).processes, 1);
    EXPECT_EQ(with({{"PMI_SIZE", "-3"}}).processes, 1);
    EXPECT_EQ(with({{"SLURM_STEP_NUM_TASKS", "0"}}).processes, 1);
    EXPECT_EQ(with({{"PMI_SIZE", "99999999999999999999"}}).processes, 1);
}

class World : public testing::Test {
  protected:
    World() {
        for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE"})
            unsetenv(name);
        unsetenv("SLURM_STEP_NUM_TASKS");
    }
    ~World() override { unsetenv("SLURM_STEP_NUM_TASKS"); }
    int argc_ = 0;
    char** argv_ = nullptr;
};

TEST_F(World, IsSoloByHand) {
    EXPECT_EQ(make_world(argc_, argv_)->size(), 1);
}

TEST_F(World, RefusesProcessesThatDoNotSeeEachOther) {
    setenv("SLURM_STEP_NUM_TASKS", "4", 1);
    try {
        make_world(argc_, argv_);
        FAIL() << "4 processes would each do all the work";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::environment);
        EXPECT_NE(std::string(error.what()).find("4 processes"), std::string::npos);
    }
}

}  // namespace
}  // namespace cytofleet
