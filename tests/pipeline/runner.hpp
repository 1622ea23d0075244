// All ranks of a run as threads, each with what a test wants of it.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "pipeline/fleet.hpp"

namespace cytofleet::test {

/// How the ranks of a run ended.
struct Endings {
    std::map<int, int> codes;  ///< of the ranks that ended in order
    std::map<int, RunReport> reports;
    std::map<int, std::string> logs;
    const RunReport& report() const { return reports.begin()->second; }
};

/// What a rank does: its part, or whatever a test wants in its place.
class Runner {
  public:
    explicit Runner(Fleet& fleet) : fleet_(fleet) {}

    CountingModel::Step step;                       ///< of all ranks' models
    std::map<int, CountingModel::Step> steps;       ///< of one rank's
    std::map<int, std::function<void()>> late;      ///< before a rank's loop begins
    std::set<int> absent;                           ///< ranks that say and hear nothing
    std::map<int, const std::atomic<int>*> signal;  ///< by rank
    Partition partition = Partition::frames;

    Endings go(int ranks) {
        Endings out;
        std::mutex mutex;
        std::vector<std::unique_ptr<FleetRank>> alive(static_cast<std::size_t>(ranks));
        run_thread_team(ranks, [&](Communicator& comm) {
            const int rank = comm.rank();
            const auto own = steps.find(rank);
            auto& part = alive[static_cast<std::size_t>(rank)];
            part =
                std::make_unique<FleetRank>(fleet_, comm, own == steps.end() ? step : own->second);
            if (signal.contains(rank)) part->options.stop_signal = signal.at(rank);
            const RankContext context = part->context(comm);
            std::unique_ptr<Lead> lead;
            if (rank == 0)
                lead = std::make_unique<Lead>(context, fleet_.master(partition),
                                              std::vector<FrameRecord>());
            comm.barrier();
            if (absent.contains(rank)) return;
            if (late.contains(rank)) late.at(rank)();
            auto ending =
                RankLoop(context, std::move(lead), [&] { return lead_by_journals(context); }).go();
            const std::lock_guard lock(mutex);
            out.codes[rank] = ending.exit_code;
            if (ending.report) out.reports[rank] = std::move(*ending.report);
        });
        for (int rank = 0; rank < ranks; ++rank)
            out.logs[rank] = alive[static_cast<std::size_t>(rank)]->told.text();
        return out;
    }

  private:
    Fleet& fleet_;
};

inline bool says(const std::string& log, const std::string& what) {
    return log.find(what) != std::string::npos;
}

inline std::vector<std::uint32_t> counting(std::uint32_t first, std::uint32_t frames) {
    std::vector<std::uint32_t> out;
    for (std::uint32_t t = 0; t < frames; ++t) out.push_back(first + t);
    return out;
}

/// Waits until so many frames have their lines, in all journals.
inline void wait_for_lines(const Fleet& fleet, std::size_t frames) {
    while (fleet.journalled<FrameEvent>().size() < frames)
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

}  // namespace cytofleet::test
