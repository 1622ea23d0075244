// Turns the spooled planes of one scene into its mask file and its log.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "pipeline/run_log.hpp"
#include "pipeline/run_record.hpp"
#include "schedule/master.hpp"

namespace cytofleet {

/// How one output ended.
struct Outcome {
    Job job;
    std::uint64_t cells = 0;
    std::int64_t frames = 0;
    std::int64_t failed_frames = 0;
    std::string failure;  ///< why there is no mask; empty when there is one
};

std::vector<std::byte> to_bytes(const Outcome& outcome);
Outcome outcome_from_bytes(std::span<const std::byte> bytes);

/// Writes `<stem>.ome.tif` and `<stem>.log`. Never throws Error: a failure is in the outcome and,
/// where the folder allows, in the log.
Outcome assemble(const RunOptions& options, const RunRecord& run, const LoadedModel& model,
                 const RunFacts& facts, const Job& job, const std::vector<FrameRecord>& records);

/// The log of a file that could not even be opened. Best effort: the reason is reported by the run
/// anyway.
void write_failure_log(const RunOptions& options, std::int64_t start,
                       const std::filesystem::path& input, const std::string& reason,
                       const RunFacts& facts);

}  // namespace cytofleet
