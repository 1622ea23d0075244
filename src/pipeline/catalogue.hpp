// Every input opened once, checked, and given its outputs: what a run will do, before it does
// anything.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "image/file_info.hpp"
#include "pipeline/run_options.hpp"
#include "schedule/plan.hpp"

namespace cytofleet {

/// One scene that will be segmented.
struct Job {
    std::int64_t file = 0;  ///< index into Catalogue::files
    std::int64_t scene = 0;
    std::filesystem::path stem;  ///< outputs without extension
    bool replaces = false;       ///< there were such outputs when the run began
};

/// A file, or one scene of it, that cannot be segmented, and why.
struct BadFile {
    std::filesystem::path file;
    std::string reason;
    std::int64_t scene = -1;    ///< -1: the whole file, or its only scene
    std::filesystem::path log;  ///< where the reason is written; see claim_paths()
};

struct Catalogue {
    std::vector<FileInfo> files;
    std::vector<Job> jobs;
    std::vector<BadFile> bad;
    std::vector<std::string> notes;  ///< what was left out, and warnings of the readers
    std::vector<PlanItem> items(const std::vector<Job>& of) const;
    const SceneInfo& scene(const Job& job) const;
};

/// Opens every file and checks channel, Z and the length of its outputs' names. Bad files are
/// listed, not thrown.
Catalogue make_catalogue(const std::vector<std::filesystem::path>& files,
                         const RunOptions& options);

/// Frames that the jobs' files announce and do not hold.
std::int64_t missing_frames(const Catalogue& catalogue);

/// C and sample of the plane that `channel` means.
PlaneId plane_of(const SceneInfo& scene, std::int64_t scene_number, std::int64_t t,
                 std::int64_t channel);

}  // namespace cytofleet
