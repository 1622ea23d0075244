#include "app/run_estimate.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace cytofleet {
namespace {

/// Deflated labels of crowded frames; of a spool and of the result that is made from it.
constexpr double disk_bytes_per_pixel = 2 * 0.15;

/// A frame that is announced but not there: its directory and its lines in log and annotation, and
/// deflated zeros.
constexpr double empty_plane_bytes = 650;
constexpr double empty_bytes_per_pixel = 2.0 / 1000;

/// Means over the frames that earlier attempts have done.
struct DoneFrames {
    double seconds = 0;
    double bytes = 0;
    double frames = 0;
};

DoneFrames done_frames(const RunHistory& history) {
    DoneFrames out;
    for (const auto& [name, scene] : history.scenes)
        for (const auto& [t, frame] : scene.frames) {
            if (frame.spool < 0) continue;
            out.seconds += frame.done.times.total();
            out.bytes += static_cast<double>(frame.done.length);
            out.frames += 1;
        }
    return out;
}

}  // namespace

RunEstimate estimate_run(const RunPlan& plan, const RunOptions& options, int ranks) {
    RunEstimate out;
    const auto items = plan.catalogue.items(plan.remaining.jobs);
    if (items.empty()) return out;
    const FrameNeeds needs(plan.remaining, options.max_attempts);
    const Plan units = what_is_needed(make_plan(items, options.partition, ranks), std::cref(needs));
    out.frames = units.frames + std::ssize(needs.careful());
    out.units = std::ssize(units.units) + std::ssize(needs.careful());
    double pixels = 0;
    for (const PlanItem& item : items) pixels += item.frame_cost * static_cast<double>(item.frames);
    double empty_bytes = 0;
    for (const Job& job : plan.remaining.jobs) {
        const SceneInfo& scene = plan.catalogue.scene(job);
        const auto missing = std::ssize(scene.missing_frames);
        out.missing += missing;
        empty_bytes +=
            static_cast<double>(missing) *
            (empty_plane_bytes + static_cast<double>(scene.y * scene.x) * empty_bytes_per_pixel);
    }
    out.memory =
        memory_need(plan.catalogue, plan.remaining.jobs, *plan.model.segmenter, options.format);
    const DoneFrames done = done_frames(plan.history);
    out.disk = static_cast<std::uint64_t>(done.frames > 0 ? 2 * done.bytes / done.frames *
                                                                static_cast<double>(out.frames)
                                                          : disk_bytes_per_pixel * pixels) +
               static_cast<std::uint64_t>(empty_bytes);
    if (done.frames > 0) {
        out.seconds_per_frame = done.seconds / done.frames;
        out.seconds = out.seconds_per_frame * static_cast<double>(out.frames) / ranks;
    }
    return out;
}

}  // namespace cytofleet
