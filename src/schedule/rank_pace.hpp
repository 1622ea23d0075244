// How fast ranks are, and when one is late.
#pragma once

namespace cytofleet {

/// When a rank has not been heard of for too long: `patience` times what the time between two
/// reports is on the whole for frames of that cost, but not before `shortest` seconds. Without any
/// report yet nobody is late.
struct LeaseRule {
    double shortest = 10;
    double patience = 8;
};

/// Seconds between two reports of a rank per cost of a frame, over all ranks, recent ones more.
class MeanPace {
  public:
    void add(double seconds_per_cost) {
        mean_ = known() ? mean_ + weight * (seconds_per_cost - mean_) : seconds_per_cost;
    }
    bool known() const { return mean_ > 0; }
    double seconds(double cost) const { return mean_ * cost; }

  private:
    static constexpr double weight = 0.05;
    double mean_ = 0;
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
        heard_ = now;
    }
    double silent_for(double now) const { return now - heard_; }
    /// For work of this cost; `others`: what is known of all ranks.
    double seconds(double cost, const MeanPace& others) const {
        return mean_ > 0 ? mean_ * cost : others.seconds(cost);
    }

  private:
    static constexpr double weight = 0.3;
    double heard_ = 0;
    double mean_ = 0;
};

}  // namespace cytofleet
