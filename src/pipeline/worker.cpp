#include "pipeline/worker.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "base/error.hpp"
#include "base/timer.hpp"
#include "pipeline/catalogue.hpp"

namespace cytofleet {
namespace {

constexpr std::int64_t most_frames = 64;  // of a group

/// How many frames of a scene go through the model together and share batches of tiles.
std::int64_t group_size(const SceneInfo& scene, std::int64_t pixels) {
    return std::clamp<std::int64_t>(pixels / std::max<std::int64_t>(1, scene.y * scene.x), 1,
                                    most_frames);
}

/// Keeps the file of the last unit open: consecutive units mostly share it.
class OpenFile {
  public:
    OpenFile(const std::vector<std::filesystem::path>& files, const ReaderOptions& options)
        : files_(files), options_(options) {}

    Reader& get(std::int64_t file) {
        if (file != number_ || !reader_) {
            reader_.reset();
            reader_ = open_reader(files_.at(static_cast<std::size_t>(file)), options_);
            number_ = file;
        }
        return *reader_;
    }

  private:
    const std::vector<std::filesystem::path>& files_;
    const ReaderOptions& options_;
    std::int64_t number_ = -1;
    std::unique_ptr<Reader> reader_;
};

}  // namespace

Worker::Worker(const std::vector<std::filesystem::path>& files, const RunOptions& options,
               Segmenter& segmenter)
    : files_(files),
      options_(options),
      segmenter_(segmenter),
      group_pixels_(segmenter.pixels_per_call()) {
    reader_ = std::thread([this] { guarded([this] { read_ahead(); }); });
    compute_ = std::thread([this] { guarded([this] { segment(); }); });
}

Worker::~Worker() {
    units_.close();
    loaded_.close();
    finished_.close();
    reader_.join();
    compute_.join();
}

void Worker::give(const Unit& unit) {
    ++units_in_hand_;
    units_.push(unit);
}

std::optional<FinishedFrame> Worker::take(std::chrono::microseconds patience) {
    auto out = finished_.pop_within(patience);
    if (out) {
        if (out->ends_unit) --units_in_hand_;
        return out;
    }
    const std::lock_guard lock(mutex_);
    if (broken_) std::rethrow_exception(broken_);
    return std::nullopt;
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
    OpenFile open(files_, options_.reader);
    while (const auto unit = units_.pop()) {
        std::int64_t t = unit->first;
        const std::int64_t end = unit->first + unit->count;
        while (t < end) {
            Loaded group;
            std::int64_t want = 1;
            for (std::int64_t k = 0; k < want && t < end; ++k, ++t) {
                Timer reading;
                group.frames.push_back({unit->file, unit->scene, t});
                group.images.emplace_back();
                group.failures.emplace_back();
                try {
                    Reader& reader = open.get(unit->file);
                    const SceneInfo& scene =
                        reader.info().scenes.at(static_cast<std::size_t>(unit->scene));
                    want = group_size(scene, group_pixels_);
                    if (std::ranges::binary_search(scene.missing_frames, t))
                        group.failures.back() = "is not in the file (the acquisition ended early)";
                    else
                        group.images.back() =
                            reader.read(plane_of(scene, unit->scene, t, options_.channel));
                } catch (const Error& error) {
                    group.failures.back() = error.what();
                }
                group.seconds.push_back(reading.seconds());
            }
            group.ends_unit = t >= end;
            if (!loaded_.push(std::move(group))) return;
        }
    }
}

void Worker::segment() {
    while (auto group = loaded_.pop()) {
        std::vector<const Image*> planes;
        std::vector<std::size_t> where;
        for (std::size_t i = 0; i < group->frames.size(); ++i) {
            if (!group->failures[i].empty()) continue;
            planes.push_back(&group->images[i]);
            where.push_back(i);
        }
        std::vector<SegmentResult> results(group->frames.size());
        for (std::size_t i = 0; i < results.size(); ++i) results[i].failure = group->failures[i];
        std::string failure;
        try {
            auto found = segmenter_.segment(planes);
            for (std::size_t k = 0; k < where.size(); ++k) results[where[k]] = std::move(found[k]);
        } catch (const Error& error) {
            failure = error.what();
        } catch (const std::bad_alloc&) {
            failure = "memory ran out; use fewer ranks per node or a smaller --batch-size";
        }
        keep(segmenter_.notes());
        if (!failure.empty())
            for (const std::size_t i : where) results[i].failure = failure;
        for (std::size_t i = 0; i < results.size(); ++i) {
            const bool last = group->ends_unit && i + 1 == results.size();
            results[i].times.read = group->seconds[i];
            if (!finished_.push({group->frames[i], std::move(results[i]), last})) return;
        }
    }
}

}  // namespace cytofleet
