#include "pipeline/rank_loop.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace cytofleet {
namespace {

enum Tag : int {
    ask = 1,         ///< rank -> 0: a unit, please
    unit,            ///< 0 -> rank
    none_left,       ///< 0 -> rank: answers `ask`
    done,            ///< rank -> 0: frame records
    assemble_scene,  ///< 0 -> rank: records of a whole scene
    assembled,       ///< rank -> 0: outcome
    stop,            ///< 0 -> rank
    note,            ///< rank -> 0: a line for the user
};

constexpr int units_per_rank = 2;  // one at work, one being read
constexpr std::chrono::microseconds patience{2000};
constexpr double seconds_between_drawn = 0.5;
constexpr double seconds_between_lines = 10;

std::vector<std::byte> to_bytes(const Unit& value) {
    ByteWriter out;
    for (const std::int64_t number : {value.file, value.scene, value.first, value.count})
        out.write(number);
    return out.take();
}

Unit unit_from_bytes(std::span<const std::byte> bytes) {
    ByteReader in(bytes, "unit");
    Unit out;
    for (std::int64_t* number : {&out.file, &out.scene, &out.first, &out.count})
        *number = in.read<std::int64_t>();
    return out;
}

}  // namespace

RankLoop::RankLoop(Communicator& comm, const RunOptions& options, const RunRecord& run,
                   LoadedModel& model, const RunFacts& facts, Log& log, Master* master)
    : comm_(comm),
      options_(options),
      run_(run),
      model_(model),
      facts_(facts),
      log_(log),
      master_(master),
      spool_(run.folder, comm.rank()),
      worker_(run.files, options, *model.segmenter) {}

std::vector<Outcome> RankLoop::go() {
    while (!stopped_) {
        while (const auto message = comm_.poll()) handle(*message);
        ask_for_work();
        spool_frames();
        assemble_next();
        if (master_ == nullptr) continue;
        show_progress(false);
        if (master_->all_done() && outcomes_.size() == run_.jobs.size() && !stopped_) {
            for (int rank = 1; rank < comm_.size(); ++rank) comm_.send(rank, Tag::stop, {});
            stopped_ = true;
        }
    }
    if (master_ != nullptr) show_progress(true);
    const auto order = [this](const Outcome& outcome) {
        return std::ranges::find_if(run_.jobs, [&](const Job& job) {
            return job.file == outcome.job.file && job.scene == outcome.job.scene;
        });
    };
    std::ranges::sort(outcomes_, {}, order);
    return std::move(outcomes_);
}

void RankLoop::handle(const Message& message) {
    switch (message.tag) {
        case Tag::ask:
            return serve_unit(message.from);
        case Tag::unit:
            --asked_;
            return worker_.give(unit_from_bytes(message.body));
        case Tag::none_left:
            --asked_;
            no_more_ = true;
            return;
        case Tag::done:
            return take_records(message);
        case Tag::assemble_scene:
            to_assemble_.push_back(records_from_bytes(message.body));
            return;
        case Tag::assembled:
            outcomes_.push_back(outcome_from_bytes(message.body));
            if (!outcomes_.back().failure.empty()) log_.error(outcomes_.back().failure);
            return;
        case Tag::stop:
            stopped_ = true;
            return;
        case Tag::note:
            return log_.warning(
                fmt::format("rank {}: {}", message.from,
                            std::string_view(reinterpret_cast<const char*>(message.body.data()),
                                             message.body.size())));
        default:
            throw InternalError(fmt::format("unknown message {}", message.tag));
    }
}

void RankLoop::serve_unit(int rank) {
    if (const auto next = master_->next(rank))
        comm_.send(rank, Tag::unit, to_bytes(*next));
    else
        comm_.send(rank, Tag::none_left, {});
}

void RankLoop::take_records(const Message& message) {
    const auto records = records_from_bytes(message.body);
    for (const FrameRecord& record : records) {
        cells_ += record.cells;
        failed_ += record.length == 0 ? 1 : 0;
        const std::string where = fmt::format(
            "{} frame {}", show(run_.files.at(static_cast<std::size_t>(record.frame.file))),
            record.frame.t);
        for (const auto& note : record.notes) {
            if (record.length == 0)
                log_.warning(fmt::format("{} is left empty: {}", where, note));
            else
                log_.warning(fmt::format("{} {}", where, note));
        }
    }
    // Whoever delivered the last frame assembles: it is awake, and the work spreads.
    for (const auto& [file, scene] : master_->done(records))
        comm_.send(message.from, Tag::assemble_scene,
                   cytofleet::to_bytes(master_->take_records(file, scene)));
}

void RankLoop::ask_for_work() {
    while (!no_more_ && asked_ + worker_.units_in_hand() < units_per_rank) {
        ++asked_;
        comm_.send(0, Tag::ask, {});
    }
}

void RankLoop::spool_frames() {
    std::vector<FrameRecord> records;
    auto frame = worker_.take(patience);
    for (; frame; frame = worker_.take(std::chrono::microseconds{0})) {
        FrameRecord record;
        record.frame = frame->frame;
        record.times = frame->result.times;
        record.notes = frame->result.warnings;
        if (frame->result.failure.empty()) {
            record.cells = frame->result.labels.cells;
            record.largest = frame->result.labels.largest;
            spool_.append(encode_plane(frame->result.labels), record);
        } else {
            record.notes.insert(record.notes.begin(), frame->result.failure);
            record.rank = comm_.rank();
        }
        records.push_back(std::move(record));
    }
    for (const std::string& line : worker_.notes())
        comm_.send(0, Tag::note, std::as_bytes(std::span(line)));
    if (!records.empty()) comm_.send(0, Tag::done, cytofleet::to_bytes(records));
}

void RankLoop::assemble_next() {
    if (to_assemble_.empty()) return;
    const auto records = std::move(to_assemble_.front());
    to_assemble_.pop_front();
    const FrameId& first = records.front().frame;
    const Outcome outcome =
        assemble(options_, run_, model_, facts_, job_of(first.file, first.scene), records);
    comm_.send(0, Tag::assembled, cytofleet::to_bytes(outcome));
}

void RankLoop::show_progress(bool force) {
    const double now = since_start_.seconds();
    const double pause = log_.live() ? seconds_between_drawn : seconds_between_lines;
    if (!force && now - last_progress_ < pause) return;
    const bool first = last_progress_ < 0;
    last_progress_ = now;
    const auto done = master_->frames_done();
    const auto total = master_->frames_total();
    if (first && !force && done == 0) return;
    const double rate = now > 0 ? static_cast<double>(done) / now : 0;
    std::string line = fmt::format("{}/{} frames, {}, {:.2f} frames/s", done, total,
                                   count_of(cells_, "cell"), rate);
    if (failed_ > 0)
        line +=
            fmt::format(", {} left empty", count_of(static_cast<std::uint64_t>(failed_), "frame"));
    if (done < total && rate > 0)
        line += fmt::format(", {:.0f} s left", static_cast<double>(total - done) / rate);
    log_.progress(line);
}

const Job& RankLoop::job_of(std::int64_t file, std::int64_t scene) const {
    const auto found = std::ranges::find_if(
        run_.jobs, [&](const Job& job) { return job.file == file && job.scene == scene; });
    ensure(found != run_.jobs.end(), "an assembled scene is a job of the run");
    return *found;
}

}  // namespace cytofleet
