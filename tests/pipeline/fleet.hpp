// A small fleet for tests: inputs that say which frame they are, a model that does what the test
// wants, the books of a run in a temporary folder, and ranks that share them.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "io/mask_writer.hpp"
#include "io/reader.hpp"
#include "pipeline/discover.hpp"
#include "pipeline/input_identity.hpp"
#include "pipeline/lead.hpp"
#include "pipeline/rank_context.hpp"
#include "pipeline/rank_loop.hpp"
#include "pipeline/resume.hpp"
#include "support/files.hpp"

namespace cytofleet::test {

inline constexpr std::int64_t side = 8;  ///< pixels of a frame, in both directions

/// A TIFF of `frames` frames; all pixels of frame t are `first + t`.
inline void write_movie(const std::filesystem::path& path, std::int64_t frames,
                        std::uint32_t first = 1) {
    MaskFile file;
    file.path = path;
    file.input.t = frames;
    file.input.y = file.input.x = side;
    MaskWriter writer(file);
    for (std::int64_t t = 0; t < frames; ++t) {
        const auto value = first + static_cast<std::uint32_t>(t);
        writer.add(encode_plane(
            {side, side, std::vector<std::uint32_t>(static_cast<std::size_t>(side * side), value),
             value, 1}));
    }
    writer.seal();
    writer.commit();
}

/// Finds as many cells in a frame as its pixels say.
class CountingModel : public Segmenter {
  public:
    /// Called with the pixels' value while the frame is in the model: may block or throw, and
    /// returns why the frame fails, or nothing.
    using Step = std::function<std::string(int value)>;
    explicit CountingModel(Step step = {}) : step_(std::move(step)) {}

    std::vector<SegmentResult> segment(std::span<const Image* const> planes) override {
        std::vector<SegmentResult> out;
        for (const Image* plane : planes) out.push_back(one(*plane));
        return out;
    }
    void segment_each(std::span<const Image* const> planes, const SegmentHooks& hooks) override {
        for (std::size_t i = 0; i < planes.size(); ++i)
            if (hooks.begin(i)) hooks.done(i, one(*planes[i]));
    }
    std::uint64_t bytes_of_call(std::int64_t height, std::int64_t width,
                                std::int64_t /*frames*/) const override {
        return static_cast<std::uint64_t>(4 * height * width);
    }

  private:
    SegmentResult one(const Image& plane) {
        const auto value = std::to_integer<std::uint32_t>(plane.bytes.front());
        SegmentResult out;
        if (step_) out.failure = step_(static_cast<int>(value));
        if (!out.failure.empty()) return out;
        out.labels = {plane.height, plane.width, {}, value, value};
        for (std::uint32_t i = 0; i < plane.height * plane.width; ++i)
            out.labels.labels.push_back(i % (value + 1));
        return out;
    }
    Step step_;
};

/// Where threads wait until the test lets them on.
class Gate {
  public:
    void pass() {
        std::unique_lock lock(mutex_);
        ++arrived_;
        changed_.notify_all();
        changed_.wait(lock, [&] { return open_ || arrived_ <= let_; });
    }
    void let_on(int more) {
        const std::lock_guard lock(mutex_);
        let_ += more;
        changed_.notify_all();
    }
    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }
    /// Until so many have come to it in all.
    void wait_for(int arrivals) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return arrived_ >= arrivals; });
    }
    int arrived() {
        const std::lock_guard lock(mutex_);
        return arrived_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int arrived_ = 0;
    int let_ = 0;
    bool open_ = false;
};

/// What an action's error says; empty when it does nothing wrong.
template <typename Action>
std::string error_of(Action action) {
    try {
        action();
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

/// What a log was told.
class Told {
  public:
    explicit Told(LogLevel level = LogLevel::debug, bool live = false)
        : log(file_.get(), level, live) {}
    std::string text() {
        std::fflush(file_.get());
        std::string out(static_cast<std::size_t>(std::ftell(file_.get())), '\0');
        std::rewind(file_.get());
        out.resize(std::fread(out.data(), 1, out.size(), file_.get()));
        return out;
    }
    bool says(const std::string& what) { return text().find(what) != std::string::npos; }

  private:
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_{std::tmpfile(), std::fclose};

  public:
    Log log;
};

/// Inputs and books of a run.
class Fleet {
  public:
    /// `frames`: of each input.
    Fleet(int ranks, const std::vector<std::int64_t>& frames) : ranks_(ranks) {
        options.output_dir = dir / "out";
        options.log_level = LogLevel::debug;
        record.id = "id";
        record.attempt = attempt_name();
        record.number = 1;
        record.start = 1700000000;
        record.folder = dir / "out" / ".cytofleet" / "id";
        std::filesystem::create_directories(record.folder);
        for (std::size_t i = 0; i < frames.size(); ++i) {
            const auto path = dir / ("movie" + std::to_string(i) + ".tif");
            write_movie(path, frames[i], first_value(i));
            const auto number = static_cast<std::int64_t>(i);
            record.files.push_back(path);
            record.inputs.push_back(identify(open_reader(path)->info(), false));
            record.jobs.push_back({number, 0, output_stem(path, options, -1)});
            record.items.push_back({number, 0, frames[i], static_cast<double>(side * side)});
        }
        for (int rank = 0; rank < ranks; ++rank)
            record.spools.push_back(spool_name(record.attempt, rank));
    }
    /// Of the first frame's pixels.
    static std::uint32_t first_value(std::size_t file) {
        return 1 + 20 * static_cast<std::uint32_t>(file);
    }
    std::filesystem::path mask(std::size_t file = 0) const {
        return mask_path(record.jobs[file].stem);
    }
    /// Cells of each frame of a result.
    std::vector<std::uint32_t> cells(std::size_t file = 0) const {
        std::vector<std::uint32_t> out;
        const auto reader = open_reader(mask(file));
        for (std::int64_t t = 0; t < reader->info().scenes.at(0).t; ++t)
            out.push_back(labels_of(reader->read({0, t, 0, 0, 0})).largest);
        return out;
    }
    Master master(Partition partition = Partition::frames,
                  const std::vector<FrameId>& careful = {}) const {
        MasterTuning tuning;
        tuning.ranks = ranks_;
        const Plan plan = make_plan(record.items, partition, ranks_);
        return {record.items, plan, tuning, careful};
    }
    /// All events of one kind, of all journals.
    template <typename Event>
    std::vector<Event> journalled() const {
        std::vector<Event> out;
        for (const auto& entry : std::filesystem::directory_iterator(record.folder)) {
            if (entry.path().extension() != ".journal") continue;
            const std::string text = read_file(entry.path());
            for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos;
                 at = end + 1) {
                const auto event = event_of(text.substr(at, end - at));
                if (event && std::holds_alternative<Event>(*event))
                    out.push_back(std::get<Event>(*event));
            }
        }
        return out;
    }
    std::string spool(int rank = 0) const { return record.spool_of(rank); }

    TempDir dir;
    RunOptions options;
    RunRecord record;

  private:
    int ranks_;
};

/// One rank of it.
class FleetRank {
  public:
    FleetRank(const Fleet& fleet, Communicator& comm, CountingModel::Step step = {},
              bool live = false)
        : options(fleet.options),
          record(fleet.record),
          told(LogLevel::debug, live),
          journal(record.folder, start_of(record, comm)) {
        model.segmenter = std::make_unique<CountingModel>(std::move(step));
    }
    static AttemptEvent start_of(const RunRecord& record, const Communicator& comm) {
        AttemptEvent out;
        out.attempt = record.attempt;
        out.rank = comm.rank();
        out.ranks = comm.size();
        return out;
    }
    RankContext context(Communicator& comm) {
        return {comm, options, record, model, facts, told.log, journal, clock};
    }

    RunOptions options;
    RunRecord record;
    LoadedModel model;
    RunFacts facts;
    Told told;
    Journal journal;
    Timer clock;
};

/// A lead by the journals alone, as a rank makes it that takes over.
inline std::unique_ptr<Lead> lead_by_journals(const RankContext& context) {
    RunRecord run = context.run;
    const RunHistory history = read_history(run.folder, {}, run.owners);
    const Remaining left = what_is_left(run, history, context.options);
    const FrameNeeds needs(left, context.options.max_attempts);
    MasterTuning tuning;
    tuning.ranks = context.comm.size();
    std::vector<PlanItem> items;
    for (const Job& job : left.jobs)
        for (const PlanItem& item : run.items)
            if (item.file == job.file) items.push_back(item);
    const Plan units = make_plan(items, Partition::frames, tuning.ranks);
    Master master(items, what_is_needed(units, std::cref(needs)), tuning, needs.careful());
    auto lead = std::make_unique<Lead>(context, std::move(master), left.records);
    for (std::size_t i = 0; i < left.outputs.size(); ++i)
        lead->know(outcome_of(left.standing[i], left.outputs[i]));
    return lead;
}

/// A team of threads whose ranks all speak by the test's own mouth, one thread at a time.
inline void speak_for_all(int ranks,
                          const std::function<void(const std::vector<Communicator*>&)>& script) {
    std::vector<Communicator*> comms(static_cast<std::size_t>(ranks));
    run_thread_team(ranks, [&](Communicator& comm) {
        comms[static_cast<std::size_t>(comm.rank())] = &comm;
        comm.barrier();
        if (comm.rank() == 0) script(comms);
        comm.barrier();
    });
}

}  // namespace cytofleet::test
