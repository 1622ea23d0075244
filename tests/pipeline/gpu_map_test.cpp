// Ranks over GPUs on simulated clusters.
#include "pipeline/gpu_map.hpp"

#include <atomic>
#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/timer.hpp"
#include "pipeline/choose_device.hpp"

namespace cytofleet {
namespace {

cuda::DeviceFacts gpu(int number, int slot, int major = 9, bool has_code = true) {
    return {number,  "H100", "0000:" + std::to_string(10 + slot) + ":00.0",
            major,   0,      std::size_t{80} << 30,
            has_code};
}

/// A host whose ranks all see `gpus` GPUs.
void add_host(std::vector<RankPlace>& places, const std::string& host, int ranks, int gpus) {
    for (int rank = 0; rank < ranks; ++rank) {
        RankPlace place{host, rank, {}};
        for (int k = 0; k < gpus; ++k) place.survey.devices.push_back(gpu(k, k));
        if (gpus == 0) place.survey.problem = "no GPU is visible";
        places.push_back(place);
    }
}

TEST(GpuMap, ThreeNodesOfFourGpus) {
    std::vector<RankPlace> places;
    for (const char* host : {"n1", "n2", "n3"}) add_host(places, host, 4, 4);
    const GpuMap map = map_gpus(places);
    EXPECT_EQ(map.problem, "");
    EXPECT_EQ(map.device, (std::vector{0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3}));
    EXPECT_EQ(map.compute_major, 9);
    ASSERT_EQ(map.lines.size(), 3U);
    EXPECT_EQ(map.lines[1],
              "n2: rank 4 on GPU 0 (H100, 0000:10:00.0); rank 5 on GPU 1 (H100, 0000:11:00.0); "
              "rank 6 on GPU 2 (H100, 0000:12:00.0); rank 7 on GPU 3 (H100, 0000:13:00.0)");
    EXPECT_TRUE(map.warnings.empty());
}

TEST(GpuMap, RanksSpreadRoundRobinOverNodes) {
    // mpirun --map-by node: rank 0 on n1, 1 on n2, 2 on n3, 3 on n1, ...
    std::vector<RankPlace> places;
    for (int rank = 0; rank < 12; ++rank) {
        RankPlace place{"n" + std::to_string(rank % 3), rank / 3, {}};
        for (int k = 0; k < 4; ++k) place.survey.devices.push_back(gpu(k, k));
        places.push_back(place);
    }
    EXPECT_EQ(map_gpus(places).device, (std::vector{0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3}));
}

TEST(GpuMap, MoreRanksThanGpusShareAndFewerLeaveSomeIdle) {
    std::vector<RankPlace> places;
    add_host(places, "few", 3, 2);
    add_host(places, "many", 1, 3);
    const GpuMap map = map_gpus(places);
    EXPECT_EQ(map.device, (std::vector{0, 1, 0, 0}));
    ASSERT_EQ(map.warnings.size(), 2U);
    EXPECT_NE(map.warnings[0].find("few: ranks 0, 2 share GPU 0"), std::string::npos);
    EXPECT_NE(map.warnings[1].find("many: GPU 1"), std::string::npos);
    EXPECT_NE(map.warnings[1].find("are idle"), std::string::npos);
}

TEST(GpuMap, ALauncherThatShowsEachRankOneGpu) {
    std::vector<RankPlace> places;
    for (int rank = 0; rank < 4; ++rank)
        places.push_back({"n1", rank, {{gpu(0, rank)}, "", false}});
    const GpuMap map = map_gpus(places);
    EXPECT_EQ(map.device, (std::vector{0, 0, 0, 0}));
    EXPECT_TRUE(map.warnings.empty());
    EXPECT_NE(map.lines.at(0).find("rank 3 on GPU 3 (H100, 0000:13:00.0)"), std::string::npos);
}

TEST(GpuMap, GpusWithoutCodeAreLeftOut) {
    std::vector<RankPlace> places{{"n1", 0, {{gpu(0, 0, 6, false), gpu(1, 1, 8)}, "", false}},
                                  {"n1", 1, {{gpu(0, 0, 6, false), gpu(1, 1, 8)}, "", false}}};
    const GpuMap map = map_gpus(places);
    EXPECT_EQ(map.device, (std::vector{1, 1}));
    EXPECT_EQ(map.compute_major, 8);
}

TEST(GpuMap, OneRankWithoutAGpuIsNamed) {
    std::vector<RankPlace> places;
    add_host(places, "n1", 2, 2);
    add_host(places, "n2", 1, 0);
    const GpuMap map = map_gpus(places);
    EXPECT_EQ(map.problem, "rank 2 on n2: no GPU is visible");
    EXPECT_TRUE(map.device.empty());
}

TEST(ChooseDevice, WithoutGpuSupportTheCpuOrAnErrorOnEveryRank) {
    if (built_for_gpu()) GTEST_SKIP() << "this build has GPU support; tests/gpu covers it";
    std::atomic<int> refused = 0;
    run_thread_team(3, [&](Communicator& comm) {
        RunOptions options;
        for (const DeviceChoice choice : {DeviceChoice::automatic, DeviceChoice::cpu}) {
            options.device = choice;
            EXPECT_FALSE(choose_device(comm, options).gpu);
        }
        options.device = DeviceChoice::gpu;
        try {
            choose_device(comm, options);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::environment);
            EXPECT_NE(std::string(error.what()).find("rank 0"), std::string::npos);
            ++refused;
        }
    });
    EXPECT_EQ(refused, 3);
}

/// A call into a driver that never comes back, whatever it is told but SIGKILL.
cuda::DeviceSurvey hang() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    while (true) pause();
}

TEST(GpuSurvey, TellsWhatTheDriverSays) {
    const GpuSurvey survey = survey_within(20, [] {
        return cuda::DeviceSurvey{{gpu(0, 3), gpu(1, 4, 6, false)}, "", false};
    });
    EXPECT_FALSE(survey.hung);
    ASSERT_EQ(survey.found.devices.size(), 2U);
    EXPECT_EQ(survey.found.devices[0].bus, gpu(0, 3).bus);
    EXPECT_EQ(survey.found.devices[1].major, 6);
    EXPECT_FALSE(survey.found.devices[1].has_code);
    EXPECT_EQ(survey.found.devices[0].memory, gpu(0, 3).memory);
}

TEST(GpuSurvey, ADriverThatCrashesIsAProblemOfItsOwn) {
    const GpuSurvey survey = survey_within(20, []() -> cuda::DeviceSurvey {
        raise(SIGKILL);
        return {};
    });
    EXPECT_FALSE(survey.hung);
    EXPECT_NE(survey.found.problem.find("nvidia-smi"), std::string::npos) << survey.found.problem;
}

TEST(GpuSurvey, InTheChildOfAProcessThatUsesTheDriverItIsAskedHere) {
    const pid_t here = getpid();
    const GpuSurvey survey = survey_within(20, [here] {
        if (getpid() != here) return cuda::DeviceSurvey{{}, "initialization error", true};
        return cuda::DeviceSurvey{{gpu(0, 0)}, "", false};
    });
    EXPECT_EQ(survey.found.problem, "");
    EXPECT_EQ(survey.found.devices.size(), 1U);
}

TEST(GpuSurvey, ADriverThatHangsIsNamedInTime) {
    for (const auto& ask : {hang, +[] {
                                raise(SIGSTOP);
                                return cuda::DeviceSurvey{};
                            }}) {
        const Timer clock;
        const GpuSurvey survey = survey_within(0.5, ask);
        EXPECT_LT(clock.seconds(), 5);
        EXPECT_TRUE(survey.hung);
        EXPECT_NE(survey.found.problem.find("NVIDIA driver does not answer within 0.5 s"),
                  std::string::npos)
            << survey.found.problem;
        EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "the child is gone";
    }
}

TEST(ChooseDevice, ARankWhoseDriverHangsIsNamedToAllInTime) {
    std::atomic<int> refused = 0;
    const Timer clock;
    run_thread_team(3, [&](Communicator& comm) {
        RunOptions options;
        options.device = DeviceChoice::gpu;
        DeviceQuestion question;
        question.ask = [&] {
            return survey_within(
                comm.rank() == 1 ? 0.5 : 20, comm.rank() == 1 ? hang : [] {
                    return cuda::DeviceSurvey{{gpu(0, 0)}, "", false};
                });
        };
        try {
            choose_device(comm, options, question);
        } catch (const Error& error) {
            const std::string text = error.what();
            EXPECT_NE(text.find("rank 1 on"), std::string::npos) << text;
            EXPECT_NE(text.find("driver does not answer"), std::string::npos) << text;
            ++refused;
        }
    });
    EXPECT_EQ(refused, 3);
    EXPECT_LT(clock.seconds(), 10);
}

TEST(ChooseDevice, ARankThatSaysNothingIsNamed) {
    bool named = false;
    run_thread_team(3, [&](Communicator& comm) {
        if (comm.rank() == 2) return;  // as if it hung before it came here
        RunOptions options;
        options.device = DeviceChoice::gpu;
        DeviceQuestion question;
        question.ask = [] { return GpuSurvey{}; };
        question.patience = 0.3;
        // Whoever is not the first would wait for its answer until it is aborted.
        if (comm.rank() != 0) {
            comm.send(0, 100, std::vector<std::byte>(30));  // no host, no problem, no GPU
            return;
        }
        try {
            choose_device(comm, options, question);
        } catch (const RanksAreSilent& silent) {
            named = std::string(silent.what()).starts_with("rank 2 did not say within 0.3 s");
        }
    });
    EXPECT_TRUE(named);
}

TEST(GpuMap, AHungDriverIsToldFromNoDriver) {
    std::vector<RankPlace> places;
    add_host(places, "n1", 2, 0);
    EXPECT_FALSE(map_gpus(places).hung);
    places[0].hung = true;
    EXPECT_TRUE(map_gpus(places).hung);
}

TEST(Precision, AutoIsWhatPyTorchDoes) {
    EXPECT_EQ(resolve(PrecisionChoice::automatic, 7), Precision::fp32);
    EXPECT_EQ(resolve(PrecisionChoice::automatic, 8), Precision::tf32);
    EXPECT_EQ(resolve(PrecisionChoice::fp16, 7), Precision::fp16);
    EXPECT_EQ(resolve(PrecisionChoice::fp32, 9), Precision::fp32);
}

}  // namespace
}  // namespace cytofleet
