#include "pipeline/scribe.hpp"

#include <new>
#include <utility>

#include "base/error.hpp"

namespace cytofleet {
namespace {

constexpr std::size_t most_together = 16;  // frames of one fsync

}  // namespace

Scribe::Scribe(const RunRecord& run, int rank, Worker& worker, Journal& journal)
    : run_(run), rank_(rank), worker_(worker), journal_(journal), spool_(run.spool_of(rank), rank) {
    thread_ = std::thread([this] {
        try {
            work();
        } catch (...) {
            const std::lock_guard lock(mutex_);
            broken_ = std::current_exception();
        }
        written_.close();
    });
}

Scribe::~Scribe() {
    worker_.close(true);
    thread_.join();
}

std::optional<Scribe::Written> Scribe::take(std::chrono::microseconds patience) {
    bool closed = false;
    auto out = written_.pop_within(patience, &closed);
    if (out || !closed) return out;
    const std::lock_guard lock(mutex_);
    if (broken_) std::rethrow_exception(std::exchange(broken_, nullptr));
    finished_ = true;
    // Nothing comes any more, and whoever asks again and again would keep a core busy.
    std::this_thread::sleep_for(patience);
    return std::nullopt;
}

void Scribe::work() {
    while (auto frame = worker_.take()) {
        Written group;
        try {
            while (frame) {
                write(group, std::move(frame));
                if (group.records.size() >= most_together) break;
                frame = worker_.poll();
            }
        } catch (const Error&) {
            keep(group.records);  // what came before the disk was full
            throw;
        }
        keep(group.records);
        written_.push(std::move(group));
    }
}

void Scribe::keep(const std::vector<FrameRecord>& records) {
    if (records.empty()) return;
    spool_.sync();
    journal_frames(records);
    journal_.sync();
}

void Scribe::write(Written& group, std::optional<FinishedFrame> frame) {
    if (frame->ends_unit) {
        ++group.units_ended;
        return;
    }
    FrameRecord record;
    record.frame = frame->frame;
    record.state = frame->state;
    record.rank = rank_;
    record.spool = rank_;
    record.times = frame->result.times;
    record.notes = std::move(frame->result.warnings);
    if (record.state == FrameState::done) {
        record.cells = frame->result.labels.cells;
        record.largest = frame->result.labels.largest;
        try {
            spool_.append(encode_plane(frame->result.labels), record);
        } catch (const std::bad_alloc&) {
            record.state = FrameState::failed;
            record.notes = {"needs more memory to be written than there is"};
        }
    } else {
        record.notes.insert(record.notes.begin(), std::move(frame->result.failure));
    }
    group.records.push_back(std::move(record));
}

void Scribe::journal_frames(const std::vector<FrameRecord>& records) {
    for (const FrameRecord& record : records) {
        SceneName scene = run_.scene_name(record.frame.file, record.frame.scene);
        if (record.state == FrameState::failed)
            journal_.add(
                FailedEvent{std::move(scene), record.frame.t, record.notes.front(), false});
        else
            journal_.add(FrameEvent{std::move(scene), record.frame.t, record.offset, record.length,
                                    record.checksum, record.cells, record.largest, record.times,
                                    record.notes});
    }
}

}  // namespace cytofleet
