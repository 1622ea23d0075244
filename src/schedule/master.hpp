// Hands out units on request and knows which frames of which file are in; no clock, no messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "schedule/plan.hpp"

namespace cytofleet {

/// Where the compressed plane of a finished frame lies, and what it holds.
struct FrameRecord {
    FrameId frame;
    std::int32_t rank = 0;       ///< whose spool
    std::uint64_t offset = 0;    ///< in that spool, bytes
    std::uint64_t length = 0;    ///< 0: the frame failed, see `note`
    std::uint64_t checksum = 0;  ///< of the bytes in the spool
    std::uint32_t cells = 0;
    std::uint32_t largest = 0;
    double seconds = 0;
    std::vector<std::string> notes;  ///< warnings, or the reason of the failure
};

std::vector<std::byte> to_bytes(const std::vector<FrameRecord>& records);
/// Throws Error{input} when the bytes are not what to_bytes wrote.
std::vector<FrameRecord> records_from_bytes(std::span<const std::byte> bytes);

/// State of the work list. Units go out in plan order; a rank keeps getting units of the file it is at
/// when there are any, so that readers stay open.
class Master {
  public:
    Master(const std::vector<PlanItem>& items, Plan plan);
    /// The next unit for `rank`; empty when all are handed out.
    std::optional<Unit> next(int rank);
    /// Takes finished frames (twice the same frame: the first wins). Returns the (file, scene) that are
    /// complete by them, in the order of `items`.
    std::vector<std::pair<std::int64_t, std::int64_t>> done(const std::vector<FrameRecord>& records);
    /// Records of a complete scene, by frame.
    const std::vector<FrameRecord>& records(std::int64_t file, std::int64_t scene) const;
    bool all_done() const;
    std::int64_t frames_done() const;
    std::int64_t frames_total() const;

  private:
    struct Scene {
        std::vector<FrameRecord> records;
        std::vector<bool> in;
        std::int64_t missing = 0;
    };
    std::map<std::pair<std::int64_t, std::int64_t>, Scene> scenes_;
    std::vector<Unit> waiting_;  ///< in order of handing out
    std::map<int, std::pair<std::int64_t, std::int64_t>> at_;  ///< scene each rank was last given
    std::int64_t frames_done_ = 0;
    std::int64_t frames_total_ = 0;
};

}  // namespace cytofleet
