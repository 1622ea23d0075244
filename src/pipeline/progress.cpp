#include "pipeline/progress.hpp"

#include <string>

#include <fmt/format.h>

#include "base/text.hpp"

namespace cytofleet {
namespace {

constexpr double seconds_between_drawn = 0.5;
constexpr double seconds_between_lines = 10;

/// "40 s", "12 min", "3.4 h"
std::string duration(double seconds) {
    if (seconds < 90) return fmt::format("{:.0f} s", seconds);
    if (seconds < 5400) return fmt::format("{:.0f} min", seconds / 60);
    return fmt::format("{:.1f} h", seconds / 3600);
}

}  // namespace

void Progress::show(std::int64_t done, std::int64_t total, double now, bool force) {
    const double pause = log_.live() ? seconds_between_drawn : seconds_between_lines;
    if (first_ < 0) first_ = now;
    if (!force && now - last_ < pause) return;
    const bool nothing_to_tell = last_ < 0 && !force && done == before_;
    last_ = now;
    if (nothing_to_tell) return;
    const double rate = now > first_ ? static_cast<double>(done - before_) / (now - first_) : 0;
    std::string line = fmt::format("{}/{} frames, {}, {:.2f} frames/s", done, total,
                                   count_of(cells_, "cell"), rate);
    if (quarantined_ > 0)
        line += fmt::format(", {} quarantined",
                            count_of(static_cast<std::uint64_t>(quarantined_), "frame"));
    if (done < total && rate > 0)
        line += fmt::format(", {} left", duration(static_cast<double>(total - done) / rate));
    log_.progress(line);
}

}  // namespace cytofleet
