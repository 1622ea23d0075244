// What all ranks agree on at the start of a run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/owners.hpp"
#include "pipeline/catalogue.hpp"
#include "schedule/journal_events.hpp"

namespace cytofleet {

/// What of the inputs needs no work: outputs of earlier attempts, and files that are no good.
struct Standing {
    std::int64_t outputs = 0;
    std::int64_t frames = 0;
    std::int64_t empty_frames = 0;
    std::uint64_t cells = 0;
    std::int64_t bad_files = 0;
};

/// Made by rank 0, broadcast. The start time is the only clock reading that reaches an output.
struct RunRecord {
    std::string id;                            ///< names the run's folder
    std::string attempt;                       ///< names this start's files in it
    int number = 0;                            ///< of the start, see RunStart; 0: none was needed
    std::int64_t start = 0;                    ///< seconds since 1970, UTC
    std::filesystem::path folder;              ///< journals and spools of all ranks
    std::vector<std::filesystem::path> files;  ///< by file number
    std::vector<std::string> inputs;           ///< by file number: what identifies each
    std::vector<Job> jobs;                     ///< that are to be done, by file and scene
    std::vector<PlanItem> items;               ///< of the jobs
    Standing standing;
    Owners owners;                     ///< whose books are taken
    bool replaces_collection = false;  ///< there was such a file when the run began
    bool collects = false;             ///< a file that collects all outputs is to be written
    std::vector<std::string> spools;   ///< names: of this attempt's ranks, then of earlier attempts

    SceneName scene_name(std::int64_t file, std::int64_t scene) const {
        return {inputs.at(static_cast<std::size_t>(file)), scene};
    }
    /// Nothing is to be done.
    bool idle() const { return jobs.empty() && !collects; }
    /// The folder that holds the books.
    std::filesystem::path home() const { return folder.parent_path().parent_path(); }
    /// The input that a name of this run stands for.
    const std::filesystem::path& path_of(const SceneName& scene) const;
    /// The job of a scene that is one of the run's.
    const Job& job_of(std::int64_t file, std::int64_t scene) const;
    std::filesystem::path spool_of(std::int32_t number_of_spool) const {
        return folder / spools.at(static_cast<std::size_t>(number_of_spool));
    }
};

/// Seconds since 1970 from $SOURCE_DATE_EPOCH when set (reproducible outputs), else the clock.
std::int64_t start_time();
/// A name no other attempt has.
std::string attempt_name();

std::vector<std::byte> to_bytes(const RunRecord& record);
RunRecord run_record_from_bytes(std::span<const std::byte> bytes);

/// "2026-01-31 12:00:00,000" in UTC.
std::string time_stamp(std::int64_t seconds, int milliseconds = 0);

}  // namespace cytofleet
