// How fast ranks are, and when one is late.
#pragma once

#include <algorithm>

namespace cytofleet {

/// When a rank has not been heard of for too long: `patience` times what a frame of that cost takes
/// on the whole, or times the longest that ranks pause between two reports (frames that go through
/// the model together are reported together), but not before `shortest` seconds. Without any report
/// yet nobody is late.
struct LeaseRule {
    double shortest = 10;
    double patience = 8;
};

/// Means over all ranks, of recent reports more.
class MeanPace {
  public:
    void add(double seconds_per_cost, double pause) {
        const double part = known() ? weight : 1;
        mean_ += part * (seconds_per_cost - mean_);
        pause_ += part * (pause - pause_);
    }
    bool known() const { return mean_ > 0; }
    double seconds(double cost) const { return mean_ * cost; }
    /// The longest recent one between two reports of the same rank, seconds.
    double pause() const { return pause_; }

  private:
    static constexpr double weight = 0.05;
    double mean_ = 0;
    double pause_ = 0;
};

/// One rank's: when it was last heard of, and how long it takes.
class RankPace {
  public:
    /// It had nothing to do until now.
    void start(double now) { heard_ = now; }
    /// Frames of this cost in all have come from it.
    void report(double now, double cost) {
        const double seconds = (now - heard_) / cost;
        mean_ = mean_ > 0 ? mean_ + weight * (seconds - mean_) : seconds;
        pause_ = std::max(now - heard_, forgetting * pause_);
        heard_ = now;
    }
    double silent_for(double now) const { return now - heard_; }
    /// For work of this cost; `others`: what is known of all ranks.
    double seconds(double cost, const MeanPace& others) const {
        return mean_ > 0 ? mean_ * cost : others.seconds(cost);
    }
    double pause() const { return pause_; }

  private:
    static constexpr double weight = 0.3;
    /// Half is left after as many reports as frames may be in the model together.
    static constexpr double forgetting = 0.99;
    double heard_ = 0;
    double mean_ = 0;
    double pause_ = 0;
};

}  // namespace cytofleet
