// Turns the spooled planes of one scene into its mask file and its log.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pipeline/run_log.hpp"
#include "pipeline/run_record.hpp"
#include "schedule/frame_record.hpp"
#include "schedule/journal.hpp"

namespace cytofleet {

/// How the outputs of one scene ended.
struct Outcome {
    Job job;
    std::uint64_t cells = 0;
    std::int64_t frames = 0;
    std::int64_t failed_frames = 0;
    std::string failure;    ///< why there is no mask; empty when there is one
    bool hopeless = false;  ///< another start would do no better: no frame could be segmented
};

/// What came of a scene whose frames were all in.
struct Assembly {
    Outcome outcome;
    /// Frames whose planes cannot be read back: they must be done again, then it is tried again.
    std::vector<std::int64_t> lost;
    std::vector<FrameRecord> records;  ///< as given, when any are lost
    bool abandoned = false;            ///< not finished, because the run stops
};
/// Of an output that an earlier attempt has written.
Outcome outcome_of(const Job& job, const OutputEvent& output);

std::vector<std::byte> to_bytes(const Assembly& assembly);
Assembly assembly_from_bytes(std::span<const std::byte> bytes);

/// Writes `<stem>.ome.tif` and `<stem>.log`; the mask's line is in `journal` before it has its
/// name, so that a next start knows it for the run's own. Never throws Error: a failure is in the
/// outcome and, where the folder allows, in the log. Once `abandon` is true it ends soon,
/// `abandoned`, with nothing written.
Assembly assemble(const RunOptions& options, const RunRecord& run, const LoadedModel& model,
                  const RunFacts& facts, const Job& job, const std::vector<FrameRecord>& records,
                  Journal& journal, const std::atomic<bool>* abandon = nullptr);

/// The log of a file that could not even be opened, where it says. Best effort: the reason is
/// reported by the run anyway.
void write_failure_log(const RunOptions& options, std::int64_t start, const BadFile& bad,
                       const RunFacts& facts);

}  // namespace cytofleet
