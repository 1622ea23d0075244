// The text of a mask's log: the part every run repeats byte for byte, and the part of this run
// alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "models/registry.hpp"
#include "pipeline/run_options.hpp"
#include "pipeline/run_record.hpp"
#include "schedule/frame_record.hpp"

namespace cytofleet {

/// Stands before the input's path in its log.
constexpr std::string_view log_input_mark = "Input file: ";

/// What one output's log tells.
struct LogFacts {
    const RunOptions& options;
    const LoadedModel* model = nullptr;  ///< absent when the file failed before a model was needed
    std::int64_t start = 0;              ///< of the run
    std::filesystem::path input;
    std::filesystem::path output;
    const SceneInfo* scene = nullptr;   ///< absent when the header could not be read
    std::int64_t scene_number = -1;     ///< -1: the only one
    std::vector<std::string> warnings;  ///< of the reader
    const std::vector<FrameRecord>* records = nullptr;
    std::string failure;  ///< why there is no mask; empty when there is one
    std::vector<std::filesystem::path> members = {};  ///< image files of the input's set
};

/// For the annotation in the mask: settings, counts and warnings, each line stamped with the run's
/// start. The same on any machine, with any number of ranks and threads.
std::string log_text(const LogFacts& facts);

/// What this run adds in the log file: program build, host, device, ranks, times.
struct RunFacts {
    std::string host;
    int ranks = 1;
    int threads = 1;
    std::string mask_sha256;
};
std::string machine_text(const LogFacts& facts, const RunFacts& run);

}  // namespace cytofleet
