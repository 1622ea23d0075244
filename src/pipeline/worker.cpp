#include "pipeline/worker.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "base/error.hpp"
#include "base/fault_point.hpp"
#include "base/timer.hpp"
#include "pipeline/catalogue.hpp"

namespace cytofleet {
namespace {

constexpr std::int64_t most_frames = 64;  // of a group

constexpr std::int64_t pixels_waiting = std::int64_t{1} << 20;  // of labels

bool holds(const Unit& unit, const FrameId& frame) {
    return unit.file == frame.file && unit.scene == frame.scene && frame.t >= unit.first &&
           frame.t < unit.first + unit.count;
}

}  // namespace

std::int64_t Worker::group_size(const SceneInfo& scene, std::int64_t pixels_per_call) {
    return std::clamp<std::int64_t>(pixels_per_call / std::max<std::int64_t>(1, scene.y * scene.x),
                                    1, most_frames);
}

std::int64_t Worker::labels_that_wait(std::int64_t pixels) {
    return std::clamp<std::int64_t>(pixels_waiting / std::max<std::int64_t>(1, pixels), 1,
                                    most_waiting);
}

Worker::Worker(const RunRecord& run, const RunOptions& options, Segmenter& segmenter,
               Journal& journal)
    : run_(run),
      options_(options),
      segmenter_(segmenter),
      journal_(journal),
      group_pixels_(segmenter.pixels_per_call()) {
    reader_ = std::thread([this] { guarded([this] { read_ahead(); }); });
    compute_ = std::thread([this] { guarded([this] { segment(); }); });
}

Worker::~Worker() {
    close(true);
    loaded_.close();
    finished_.close();
    reader_.join();
    compute_.join();
}

void Worker::give(const Unit& unit) {
    {
        // What was taken away may come back, when the other rank failed.
        const std::lock_guard lock(mutex_);
        std::erase_if(revoked_, [&](const Unit& old) {
            return old.file == unit.file && old.scene == unit.scene &&
                   old.first < unit.first + unit.count && unit.first < old.first + old.count;
        });
    }
    units_.push({unit, generation_});
}

void Worker::revoke(const Unit& unit) {
    const std::lock_guard lock(mutex_);
    revoked_.push_back(unit);
}

bool Worker::is_unwanted(const FrameId& frame, int generation) {
    if (drop_ || generation != generation_) return true;
    const std::lock_guard lock(mutex_);
    return std::ranges::any_of(revoked_, [&](const Unit& unit) { return holds(unit, frame); });
}

void Worker::close(bool drop) {
    if (drop) drop_ = true;
    units_.close();
}

std::optional<FinishedFrame> Worker::take() {
    auto out = finished_.pop();
    if (!out) rethrow();
    return out;
}

std::optional<FinishedFrame> Worker::poll() {
    return finished_.pop_within(std::chrono::microseconds{0});
}

void Worker::rethrow() {
    const std::lock_guard lock(mutex_);
    if (broken_) std::rethrow_exception(broken_);
}

std::vector<std::string> Worker::notes() {
    const std::lock_guard lock(mutex_);
    return std::exchange(notes_, {});
}

void Worker::keep(std::vector<std::string> notes) {
    const std::lock_guard lock(mutex_);
    for (std::string& note : notes) notes_.push_back(std::move(note));
}

template <typename Body>
void Worker::guarded(Body body) {
    bool failed = false;
    try {
        body();
    } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!broken_) broken_ = std::current_exception();
        failed = true;
    }
    // Whoever waits for this thread goes on.
    loaded_.close();
    if (failed) finished_.close();
}

void Worker::read_ahead() {
    OpenFile open(run_.files, options_);
    while (const auto given = units_.pop()) read_unit(*given, open);
}

void Worker::read_unit(const Given& given, OpenFile& open) {
    const Unit& unit = given.unit;
    std::int64_t t = unit.first;
    const std::int64_t end = unit.first + unit.count;
    while (t < end) {
        Loaded group;
        group.generation = given.generation;
        std::int64_t want = 1;
        for (std::int64_t k = 0; k < want && t < end; ++t) {
            const FrameId frame{unit.file, unit.scene, t};
            if (is_unwanted(frame, given.generation)) continue;
            read_frame(frame, open, group, want);
            ++k;
        }
        if (!group.frames.empty() && !loaded_.push(std::move(group))) return;
    }
    Loaded end_mark;
    end_mark.ends_unit = true;
    loaded_.push(std::move(end_mark));
}

/// `want`: how many frames of this scene make a group.
void Worker::read_frame(const FrameId& frame, OpenFile& open, Loaded& group, std::int64_t& want) {
    Timer reading;
    group.frames.push_back(frame);
    group.images.emplace_back();
    group.failures.emplace_back();
    group.states.push_back(FrameState::done);
    try {
        Reader& reader = open.get(frame.file);
        const SceneInfo& scene = reader.info().scenes.at(static_cast<std::size_t>(frame.scene));
        want = group_size(scene, group_pixels_);
        if (std::ranges::binary_search(scene.missing_frames, frame.t)) {
            group.states.back() = FrameState::missing;
            group.failures.back() = "is not in the file (the acquisition ended early)";
        } else {
            group.images.back() =
                reader.read(plane_of(scene, frame.scene, frame.t, options_.channel));
        }
    } catch (const Error& error) {
        group.states.back() = FrameState::failed;
        group.failures.back() = error.what();
    } catch (const std::bad_alloc&) {
        group.states.back() = FrameState::failed;
        group.images.back() = {};
        group.failures.back() =
            "needs more memory to read than there is; use fewer ranks per node, or a machine with "
            "more";
    }
    group.seconds.push_back(reading.seconds());
}

void Worker::segment() {
    while (auto group = loaded_.pop()) {
        if (group->ends_unit) {
            FinishedFrame end;
            end.ends_unit = true;
            if (!finished_.push(std::move(end))) return;
            continue;
        }
        if (drop_ || std::ranges::all_of(group->frames, [&](const FrameId& frame) {
                return is_unwanted(frame, group->generation);
            }))
            continue;
        segment_group(*group);
    }
    finished_.close();
}

void Worker::segment_group(Loaded& group) {
    for (std::size_t next = 0; next < group.frames.size();) next = segment_from(group, next);
}

/// From frame `first` of the group on, until its end or a failure, which the frames have that were
/// in the model by then; they are told of one by one. Returns the first that was not begun.
std::size_t Worker::segment_from(Loaded& group, std::size_t first) {
    std::vector<const Image*> planes;
    std::vector<std::size_t> where;
    for (std::size_t i = first; i < group.frames.size(); ++i) {
        if (group.states[i] != FrameState::done) continue;
        planes.push_back(&group.images[i]);
        where.push_back(i);
    }
    std::size_t begun = first;  // the first frame that is not
    std::size_t told = first;
    std::vector<bool> left_out(group.frames.size());
    // Frames without a plane are told of in their turn.
    const auto tell_until = [&](std::size_t end, const std::string& failure) {
        for (; told < end; ++told)
            if (!left_out[told])
                tell(group, told,
                     {{}, {}, group.failures[told].empty() ? failure : group.failures[told], {}});
    };
    SegmentHooks hooks;
    hooks.begin = [&](std::size_t plane) {
        const std::size_t i = where[plane];
        begun = i + 1;
        left_out[i] = is_unwanted(group.frames[i], group.generation);
        if (left_out[i]) return false;
        const FrameId& frame = group.frames[i];
        journal_.add(BeginEvent{run_.scene_name(frame.file, frame.scene), {frame.t}});
        fault_point("in the model");
        return true;
    };
    hooks.done = [&](std::size_t plane, SegmentResult result) {
        tell_until(where[plane], {});
        tell(group, told++, std::move(result));
        keep(segmenter_.notes());
    };
    std::string failure;
    bool failed = true;
    try {
        segmenter_.segment_each(planes, hooks);
        begun = group.frames.size();
        failed = false;
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::output) throw;  // the journal's
        failure = error.what();
    } catch (const std::bad_alloc&) {
        failure = "memory ran out; use fewer ranks per node or a smaller --batch-size";
    }
    keep(segmenter_.notes());
    // A model that fails before it has begun anything would do so again.
    if (failed && begun == first) begun = group.frames.size();
    tell_until(begun, failure);
    return begun;
}

void Worker::tell(Loaded& group, std::size_t number, SegmentResult result) {
    FinishedFrame out;
    out.frame = group.frames[number];
    out.state = group.states[number];
    if (out.state == FrameState::done && !result.failure.empty()) out.state = FrameState::failed;
    group.images[number] = {};
    out.result = std::move(result);
    out.result.times.read = group.seconds[number];
    const auto most = labels_that_wait(std::ssize(out.result.labels.labels));
    finished_.push(std::move(out), static_cast<std::size_t>(most));
}

}  // namespace cytofleet
