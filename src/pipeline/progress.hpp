// The line that tells how far all ranks are together.
#pragma once

#include <cstdint>

#include "base/log.hpp"
#include "schedule/frame_record.hpp"

namespace cytofleet {

class Progress {
  public:
    explicit Progress(Log& log) : log_(log) {}
    /// Frames that earlier attempts have done, with so many cells: they count, but not for the
    /// rate.
    void start(std::int64_t before, std::uint64_t cells) {
        before_ = before;
        cells_ = cells;
    }
    void add(const FrameRecord& record) {
        cells_ += record.cells;
        quarantined_ += record.state == FrameState::quarantined ? 1 : 0;
    }
    /// Writes the line when it is time to, or with `force`.
    void show(std::int64_t done, std::int64_t total, double now, bool force);

  private:
    Log& log_;
    std::int64_t before_ = 0;
    std::uint64_t cells_ = 0;
    std::int64_t quarantined_ = 0;
    double first_ = -1;
    double last_ = -1;
};

}  // namespace cytofleet
