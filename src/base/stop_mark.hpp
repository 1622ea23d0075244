// A file that tells how a process ended: it is removed when the process ends by itself, however
// badly, or is asked to. Still there without the process: it was killed or has crashed.
#pragma once

#include <string>

namespace cytofleet {

/// Of a process the newest is removed by remove_stop_mark(). `folder` stays open as long as this
/// lives.
class StopMark {
  public:
    /// Creates the file; where it cannot, the end is never taken for a death.
    StopMark(int folder, std::string name);
    ~StopMark();
    StopMark(const StopMark&) = delete;
    StopMark& operator=(const StopMark&) = delete;
    /// Needs no room on the disk, and may be called by a signal handler; once or again.
    void remove() const noexcept;

  private:
    int folder_;
    std::string name_;
};

/// For signal handlers: of the newest StopMark, if there is one.
void remove_stop_mark() noexcept;

}  // namespace cytofleet
