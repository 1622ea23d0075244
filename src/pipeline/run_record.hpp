// What all ranks agree on at the start of a run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "pipeline/catalogue.hpp"

namespace cytofleet {

/// Made by rank 0, broadcast. The start time is the only clock reading that reaches an output.
struct RunRecord {
    std::string id;                            ///< names the run's folder
    std::int64_t start = 0;                    ///< seconds since 1970, UTC
    std::filesystem::path folder;              ///< spool of all ranks
    std::vector<std::filesystem::path> files;  ///< by file number
    std::vector<Job> jobs;
};

/// Start time from $SOURCE_DATE_EPOCH when set (reproducible outputs), else the clock.
RunRecord make_run_record(const Catalogue& catalogue, const std::filesystem::path& output_dir);

std::vector<std::byte> to_bytes(const RunRecord& record);
RunRecord run_record_from_bytes(std::span<const std::byte> bytes);

/// "2026-01-31 12:00:00,000" in UTC.
std::string time_stamp(std::int64_t seconds, int milliseconds = 0);

}  // namespace cytofleet
