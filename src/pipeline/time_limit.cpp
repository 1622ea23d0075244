#include "pipeline/time_limit.hpp"

#include <chrono>
#include <utility>

namespace cytofleet {

TimeLimit::TimeLimit(double seconds, std::function<void()> too_late) {
    thread_ = std::thread([this, seconds, late = std::move(too_late)] {
        std::unique_lock lock(mutex_);
        if (changed_.wait_for(lock, std::chrono::duration<double>(seconds),
                              [this] { return over_; }))
            return;
        lock.unlock();
        late();
    });
}

TimeLimit::~TimeLimit() {
    {
        const std::lock_guard lock(mutex_);
        over_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

}  // namespace cytofleet
