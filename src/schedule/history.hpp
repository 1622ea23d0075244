// What earlier attempts at a run left behind, from their journals.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/owners.hpp"
#include "schedule/journal_events.hpp"

namespace cytofleet {

/// What is known of one frame.
struct FrameHistory {
    std::int32_t spool = -1;  ///< number in RunHistory::spools; -1: not done
    FrameEvent done;          ///< without its scene
    int deaths = 0;           ///< the process died while this frame was in the model
    std::vector<std::string> failures;
    bool quarantined = false;
};

/// What is known of one scene.
struct SceneHistory {
    std::int64_t order =
        0;         ///< of the last line that made it a job; later ones have higher numbers
    JobEvent job;  ///< without its scene; frames 0: none said
    std::map<std::int64_t, FrameHistory> frames;  ///< by T
    std::vector<OutputEvent> outputs;             ///< without their scene; the last said last
    std::vector<OutputEvent> void_outputs;        ///< made by this run, but to be made again
};

struct AttemptHistory {
    AttemptEvent start;
    std::filesystem::path journal;
    bool alive = false;
    bool ended = false;
    bool asked = false;  ///< not ended, but by itself or asked to: no death
    int exit_code = 0;
    std::int64_t frames = 0;  ///< done by it
};

struct RunHistory {
    std::map<SceneName, SceneHistory> scenes;
    std::vector<AttemptHistory> attempts;  ///< one per journal, by file name
    std::vector<std::string> spools;       ///< file names, one per attempt
    std::vector<std::string> notes;        ///< damage found, a line each
    bool someone_alive() const;
};

/// Every journal of `folder`. Damaged lines are left out and noted: their frames count as not done;
/// so do frames whose spool is gone or too short. So are journals of others than `owners`, and what
/// cannot be read. `except`: an attempt whose journals are left out. A folder that is not there, or
/// is a link, has no history.
RunHistory read_history(const std::filesystem::path& folder, const std::string& except = {},
                        const Owners& owners = {});

}  // namespace cytofleet
