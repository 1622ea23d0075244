// The folder where a run keeps its books, found again by whoever starts the same run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/owners.hpp"

namespace cytofleet {

/// Settings that labels depend on, by name, in the order people should read them.
using Settings = std::vector<std::pair<std::string, std::string>>;

/// 16 hex digits, the same for the same settings.
std::string run_id(const Settings& settings);
/// `<home>/.cytofleet`, the books of all runs whose outputs lie in `home`.
std::filesystem::path books_of(const std::filesystem::path& home);
/// What differs, for people: "flow-threshold 0.4 -> 0.5, model-sha256 1f2e3d.. -> 9a8b7c..".
std::string difference(const Settings& before, const Settings& now);

/// What all attempts at a run share. A run that has finished and gets new inputs begins anew, with
/// a start time of its own, in the same folder: `number` counts.
struct RunStart {
    int number = 0;
    std::int64_t start = 0;  ///< seconds since 1970, the one clock reading that reaches outputs
    Settings settings;
    std::vector<std::string> command;
    bool damaged = false;  ///< what was written down cannot be read; only the number is known
};

/// What is written down of a start, and back: nothing when it is damaged.
std::string text_of(const RunStart& start);
std::optional<RunStart> start_from_text(const std::string& text, int number);

/// The newest start in `folder`; nothing when there is none. What is no file of `owners` counts for
/// nothing, and is told to `notes`.
std::optional<RunStart> newest_start(const std::filesystem::path& folder, const Owners& owners = {},
                                     std::vector<std::string>* notes = nullptr);
/// Whether the outputs of this start were all done.
bool is_finished(const std::filesystem::path& folder, int number, const Owners& owners = {});
void mark_finished(const std::filesystem::path& folder, int number);
/// Writes `wanted` down unless somebody else was faster; returns what stands there now. Safe
/// between processes and hosts (link(2) is atomic where rename is). Numbers whose names are taken
/// by what is no file of `owners` are left out.
RunStart claim_start(const std::filesystem::path& folder, const RunStart& wanted,
                     const Owners& owners = {});

}  // namespace cytofleet
