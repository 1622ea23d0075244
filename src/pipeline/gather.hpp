// One HDF5 file written by several ranks together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/hdf5/hdf5_labels.hpp"
#include "pipeline/rank_context.hpp"
#include "schedule/frame_record.hpp"
#include "schedule/journal_events.hpp"

namespace cytofleet {

/// A scene and where its planes are: in spools, by `records`, or in `mask` when there are none.
struct GatherScene {
    Hdf5Scene content;
    std::vector<FrameRecord> records;  ///< by frame
    std::filesystem::path mask;
};

/// What is to be written, the same on every rank that takes part.
struct Gather {
    std::vector<int> ranks;  ///< who writes, ascending; the first one leads
    std::filesystem::path path;
    OutputEvent event;  ///< lacks what is known of the file only
    std::vector<GatherScene> scenes;
    bool replaces = false;  ///< there was such a file when the run began
};
std::vector<std::byte> to_bytes(const Gather& gather);
Gather gather_from_bytes(std::span<const std::byte> bytes);

/// The scene of a job, from its input, and where it goes. Throws Error{input} when the input cannot
/// be opened any more.
Gather make_gather(const RankContext& context, const Job& job, std::vector<FrameRecord> records);
/// What the file says besides pixels of scene `number` of `input`; `output`: the file it is told to
/// be.
Hdf5Scene content_of(const RankContext& context, const FileInfo& input, std::int64_t number,
                     const std::filesystem::path& output, const std::vector<FrameRecord>& records);

/// Collective over `gather.ranks`, MPI's part included, so it is called by the main thread. The
/// first of them writes the file's line to its journal before the file has its name. Returns why it
/// failed, the same on every rank; empty when it did not. When it takes far longer than so many
/// bytes can take, because a rank hangs, everybody is ended with the code for a stopped run.
std::string gather_planes(const RankContext& context, const Gather& gather);

}  // namespace cytofleet
