// Something that must be over in time.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace cytofleet {

/// Calls `too_late` in a thread of its own unless it is destroyed within so many seconds.
class TimeLimit {
  public:
    TimeLimit(double seconds, std::function<void()> too_late);
    ~TimeLimit();
    TimeLimit(const TimeLimit&) = delete;
    TimeLimit& operator=(const TimeLimit&) = delete;

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool over_ = false;
    std::thread thread_;
};

}  // namespace cytofleet
