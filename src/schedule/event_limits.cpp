#include "schedule/event_limits.hpp"

#include <algorithm>
#include <cmath>

namespace cytofleet {
namespace {

constexpr std::int64_t most_frames = std::int64_t{1} << 32;  // of a scene
constexpr std::int64_t most_pixels = std::int64_t{1} << 48;  // of a frame
constexpr std::uint64_t most_cells = std::uint64_t{1} << 48;
constexpr std::int64_t most_ranks = std::int64_t{1} << 24;
constexpr std::int64_t last_second = 253402300799;  // the year 9999
constexpr double most_seconds = 1e12;

bool is_frame(std::int64_t t) {
    return t >= 0 && t < most_frames;
}
bool is_scene(const SceneName& scene) {
    return scene.scene >= 0 && scene.scene < most_frames;
}
bool is_time(double seconds) {
    return std::isfinite(seconds) && seconds >= 0 && seconds <= most_seconds;
}

bool fits(const AttemptEvent& event) {
    return event.rank >= 0 && event.rank < most_ranks && event.ranks >= 0 &&
           event.ranks <= most_ranks && event.process >= 0 && event.clock >= 0 &&
           event.clock <= last_second;
}
bool fits(const JobEvent& event) {
    return is_scene(event.scene) && event.frames >= 0 && event.frames <= most_frames &&
           event.pixels >= 0 && event.pixels <= most_pixels;
}
bool fits(const BeginEvent& event) {
    return is_scene(event.scene) && std::ranges::all_of(event.frames, is_frame);
}
bool fits(const FrameEvent& event) {
    const FrameTimes& times = event.times;
    return is_scene(event.scene) && is_frame(event.t) && is_time(times.read) &&
           is_time(times.prepare) && is_time(times.network) && is_time(times.masks);
}
bool fits(const FailedEvent& event) {
    return is_scene(event.scene) && is_frame(event.t);
}
bool fits(const ForgiveEvent& /*event*/) {
    return true;
}
bool fits(const OutputEvent& event) {
    return is_scene(event.scene) && event.frames >= 0 && event.frames <= most_frames &&
           event.cells <= most_cells && event.quarantined >= 0 &&
           event.quarantined <= event.frames && std::ssize(event.empty) <= event.frames &&
           std::ranges::all_of(event.empty,
                               [&](std::int64_t t) { return t >= 0 && t < event.frames; });
}
bool fits(const EndEvent& event) {
    return event.code >= 0 && event.code <= 255;
}

}  // namespace

bool in_limits(const JournalEvent& event) {
    return std::visit([](const auto& kind) { return fits(kind); }, event);
}

}  // namespace cytofleet
