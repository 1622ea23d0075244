#include "pipeline/lead.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/fault_point.hpp"
#include "base/sign_of_life.hpp"
#include "base/text.hpp"
#include "pipeline/gather.hpp"

namespace cytofleet {
namespace {

constexpr double seconds_between_servings = 0.1;
/// How often the planes of a scene may turn out unreadable until it is given up.
constexpr int most_reopenings = 3;

}  // namespace

Lead::Lead(const RankContext& context, Master master, const std::vector<FrameRecord>& records)
    : context_(context),
      master_(std::move(master)),
      progress_(context.log),
      last_tick_(context.clock.seconds()) {
    const auto ranks = static_cast<std::size_t>(context.comm.size());
    tallies_.resize(ranks);
    heard_.assign(ranks, last_tick_);
    silent_.resize(ranks);
    drained_.resize(ranks);
    said_bye_.resize(ranks);
    const auto complete = master_.resume(records);
    std::uint64_t cells = 0;
    for (const FrameRecord& record : records) cells += record.cells;
    progress_.start(master_.frames_done(), cells);
    int rank = 0;
    for (const SceneId& scene : complete) start_assembly(scene, rank++ % context.comm.size());
}

void Lead::send(int rank, Tag tag, const std::vector<std::byte>& body) {
    context_.comm.send(rank, static_cast<int>(tag), body);
}

void Lead::to_all(Tag tag, const std::vector<std::byte>& body) {
    for (int rank = 0; rank < context_.comm.size(); ++rank) send(rank, tag, body);
}

void Lead::handle(const Message& message) {
    const double now = context_.clock.seconds();
    hear(message.from, now);
    const auto from = static_cast<std::size_t>(message.from);
    switch (static_cast<Tag>(message.tag)) {
        case Tag::ask:
            if (!serve(message.from)) waiting_.push_back(message.from);
            return;
        case Tag::done:
            return take_records(message.from, records_from_bytes(message.body));
        case Tag::assembled:
            return take_assembly(message.from, assembly_from_bytes(message.body));
        case Tag::joins:
            joining_.push_back(message.from);
            return;
        case Tag::gathered:
            return take_gathered(message.from, text_from_bytes(message.body));
        case Tag::note:
            return context_.log.warning(
                context_.comm.size() > 1
                    ? fmt::format("rank {}: {}", message.from, text_from_bytes(message.body))
                    : text_from_bytes(message.body));
        case Tag::stop_wanted:
            return stop(text_from_bytes(message.body), exit_codes::stopped);
        case Tag::drained:
            drained_[from] = true;
            return;
        case Tag::bye:
            said_bye_[from] = true;
            return;
        default:
            return;  // a sign of life
    }
}

bool Lead::serve(int rank) {
    if (phase_ != Phase::working) return true;  // it will hear that the run ends
    const auto grant = master_.next(rank, context_.clock.seconds());
    if (!grant) return false;
    if (grant->revoked_from >= 0) send(grant->revoked_from, Tag::revoke, to_bytes(grant->unit));
    if (grant->late)
        context_.log.debug(fmt::format("rank {} is late; rank {} does {} of its frames",
                                       grant->revoked_from, rank, grant->unit.count));
    send(rank, Tag::unit, to_bytes(grant->unit));
    return true;
}

void Lead::serve_waiting() {
    news_ = false;
    for (auto left = waiting_.size(); left > 0; --left) {
        const int rank = waiting_.front();
        waiting_.pop_front();
        if (!serve(rank)) waiting_.push_back(rank);
    }
}

std::string Lead::where(const FrameRecord& record) const {
    return fmt::format("{} frame {}",
                       show(context_.run.files.at(static_cast<std::size_t>(record.frame.file))),
                       record.frame.t);
}

void Lead::take_records(int from, const std::vector<FrameRecord>& records) {
    const Taken taken = master_.done(from, records, context_.clock.seconds());
    RankTally& tally = tallies_[static_cast<std::size_t>(from)];
    for (const FrameRecord& record : taken.fresh) {
        progress_.add(record);
        ++tally.frames;
        tally.times.read += record.times.read;
        tally.times.prepare += record.times.prepare;
        tally.times.network += record.times.network;
        tally.times.masks += record.times.masks;
        if (record.state != FrameState::done) continue;
        for (const auto& note : record.notes)
            context_.log.warning(fmt::format("{} {}", where(record), note));
    }
    for (const FrameRecord& record : taken.retried) {
        news_ = true;
        context_.log.warning(
            fmt::format("{} {}; it is tried once more", where(record), record.notes.front()));
    }
    give_up(taken.fresh);
    // Whoever delivered the last frame assembles: it is awake, and the work spreads.
    for (const SceneId& scene : taken.complete) start_assembly(scene, from);
    if (!taken.complete.empty() || !assembling_.empty()) news_ = true;
}

/// Writes down and tells which frames stay empty.
void Lead::give_up(const std::vector<FrameRecord>& fresh) {
    bool written = false;
    for (const FrameRecord& record : fresh) {
        if (record.state == FrameState::done) continue;
        const std::string reason =
            record.notes.empty() ? std::string("could not be segmented") : record.notes.front();
        // Of frames that are not in their file the reader has told, of all together.
        if (record.state != FrameState::missing)
            context_.log.warning(fmt::format("{} is left empty: {}", where(record), reason));
        if (record.state != FrameState::quarantined) continue;
        ++given_up_;
        // Of an input that is gone nothing was learned: when it is back, its frames are done.
        const auto& file = context_.run.files.at(static_cast<std::size_t>(record.frame.file));
        std::error_code failed;
        if (!std::filesystem::exists(file, failed)) continue;
        context_.journal.add(
            FailedEvent{context_.run.scene_name(record.frame.file, record.frame.scene),
                        record.frame.t, reason, true});
        written = true;
        if (context_.options.fail_fast)
            stop(fmt::format("{} could not be segmented (--fail-fast)", where(record)),
                 exit_codes::failed);
    }
    if (written) context_.journal.sync();
}

void Lead::start_assembly(SceneId scene, int rank) {
    const auto records = master_.take_records(scene.first, scene.second);
    assembling_[scene] = {rank, cytofleet::to_bytes(records)};
    send_assembly(scene, silent_[static_cast<std::size_t>(rank)] ? some_living_rank() : rank);
}

void Lead::send_assembly(SceneId scene, int rank) {
    if (phase_ != Phase::working) return;
    Assembling& assembling = assembling_.at(scene);
    assembling.rank = rank;
    send(rank, Tag::assemble, assembling.records);
}

void Lead::take_assembly(int from, Assembly assembly) {
    const SceneId scene{assembly.outcome.job.file, assembly.outcome.job.scene};
    // A rank that was left behind may have done it too.
    if (!assembling_.contains(scene) || assembly.abandoned) return;
    std::vector<std::byte> records = std::move(assembling_.at(scene).records);
    assembling_.erase(scene);
    if (!assembly.lost.empty() && ++reopened_[scene] <= most_reopenings) {
        context_.log.warning(fmt::format(
            "{}: {} could not be read back from the run's folder and {} done again",
            show(context_.run.files.at(static_cast<std::size_t>(scene.first))),
            count_of(assembly.lost.size(), "frame"), assembly.lost.size() == 1 ? "is" : "are"));
        master_.reopen(std::move(assembly.records), assembly.lost);
        news_ = true;
        return;
    }
    if (!assembly.lost.empty())
        assembly.outcome.failure = fmt::format(
            "{}: frames cannot be read back from {}; is it shared by all ranks, and is the disk "
            "sound?",
            show(context_.run.files.at(static_cast<std::size_t>(scene.first))),
            show(context_.run.folder));
    ++tallies_[static_cast<std::size_t>(from)].outputs;
    if (context_.options.format == OutputFormat::tiff || !assembly.outcome.failure.empty())
        keep(std::move(assembly.outcome));
    else
        gathering_.push_back({std::move(assembly.outcome), std::move(records)});
}

void Lead::keep(Outcome outcome) {
    if (!outcome.failure.empty()) context_.log.error(outcome.failure);
    outcomes_.push_back(std::move(outcome));
}

/// Invites all living ranks to write the next file together; when all have answered, it begins. One
/// that hangs does not answer and is left behind in time, so that nobody waits for it inside MPI.
void Lead::gather_next() {
    if (gathering_.empty() || !writing_.empty()) return;
    if (!context_.comm.has_groups()) return start_gather({context_.comm.rank()});
    if (!inviting_) {
        inviting_ = true;
        joining_.clear();
        to_all(Tag::can_join, {});
        return;
    }
    std::ranges::sort(joining_);
    joining_.erase(std::unique(joining_.begin(), joining_.end()), joining_.end());
    std::vector<bool> there(silent_.size());
    for (const int rank : joining_) there[static_cast<std::size_t>(rank)] = true;
    if (!all_living(there)) return;
    std::erase_if(joining_, [&](int rank) { return silent_[static_cast<std::size_t>(rank)]; });
    inviting_ = false;
    start_gather(joining_);
}

void Lead::start_gather(const std::vector<int>& ranks) {
    Gathering& first = gathering_.front();
    try {
        Gather gather = first.collection ? std::move(*collection_)
                                         : make_gather(context_, first.outcome.job,
                                                       records_from_bytes(first.records));
        gather.ranks = ranks;
        writing_ = ranks;
        const auto bytes = cytofleet::to_bytes(gather);
        for (const int rank : ranks) send(rank, Tag::gather, bytes);
    } catch (const Error& error) {
        first.outcome.failure = error.what();
        if (first.collection)
            fail_collection(error.what());
        else
            keep(std::move(first.outcome));
        gathering_.pop_front();
    }
}

void Lead::take_gathered(int from, const std::string& failure) {
    // Else it was left behind and has come back: nobody waits for it any more.
    if (std::erase(writing_, from) == 0 || gathering_.empty()) return;
    Outcome& outcome = gathering_.front().outcome;
    if (outcome.failure.empty()) outcome.failure = failure;
    if (!writing_.empty()) return;
    if (!gathering_.front().collection)
        keep(std::move(outcome));
    else if (!outcome.failure.empty())
        fail_collection(outcome.failure);
    gathering_.pop_front();
}

/// What ranks have written together is the same on each: once this one has done its part, those
/// that hang are not waited for.
void Lead::release_writers() {
    if (writing_.empty() || std::ranges::count(writing_, context_.comm.rank()) > 0) return;
    for (const int rank : std::vector(writing_))
        if (silent_[static_cast<std::size_t>(rank)]) take_gathered(rank, {});
}

void Lead::fail_collection(const std::string& why) {
    context_.log.error(why);
    collection_failed_ = true;
}

/// All outputs are there: one more file may be made of them.
void Lead::collect() {
    const auto make = std::exchange(collect_, nullptr);
    try {
        collection_ = make();
    } catch (const Error& error) {
        fail_collection(error.what());
    }
    if (!collection_) return;
    gathering_.push_back({});
    gathering_.back().collection = true;
}

void Lead::hear(int rank, double now) {
    const auto number = static_cast<std::size_t>(rank);
    heard_[number] = now;
    if (!silent_[number]) return;
    silent_[number] = false;
    master_.set_silent(rank, false);
    context_.log.warning(fmt::format("rank {} is back", rank));
}

void Lead::leave_behind(int rank) {
    silent_[static_cast<std::size_t>(rank)] = true;
    master_.set_silent(rank, true);
    context_.log.warning(
        fmt::format("rank {} has not been heard of for {:.0f} s; the others do its work", rank,
                    context_.options.silence));
    for (auto& [scene, assembling] : assembling_)
        if (assembling.rank == rank) send_assembly(scene, some_living_rank());
    news_ = true;
}

void Lead::watch_ranks(double now) {
    if (now - last_tick_ > own_absence) std::ranges::fill(heard_, now);
    for (int rank = 0; rank < context_.comm.size(); ++rank) {
        const auto number = static_cast<std::size_t>(rank);
        if (rank != context_.comm.rank() && !silent_[number] &&
            now - heard_[number] > context_.options.silence)
            leave_behind(rank);
    }
}

int Lead::some_living_rank() const {
    // The one with the least to assemble.
    std::vector<int> load(silent_.size());
    for (const auto& [scene, assembling] : assembling_)
        ++load[static_cast<std::size_t>(assembling.rank)];
    std::size_t best = static_cast<std::size_t>(context_.comm.rank());
    for (std::size_t rank = 0; rank < silent_.size(); ++rank)
        if (!silent_[rank] && load[rank] < load[best]) best = rank;
    return static_cast<int>(best);
}

bool Lead::all_living(const std::vector<bool>& have) const {
    for (std::size_t rank = 0; rank < have.size(); ++rank)
        if (!have[rank] && !silent_[rank]) return false;
    return true;
}

bool Lead::outputs_done() const {
    return master_.all_done() && assembling_.empty() && gathering_.empty();
}

void Lead::stop(const std::string& why, int code) {
    if (phase_ != Phase::working) return;
    phase_ = Phase::draining;
    stopped_ = why;
    code_ = code;
    waiting_.clear();
    context_.log.warning(fmt::format("stopping: {}; frames in hand are finished{}", why,
                                     why == "Ctrl-C" ? " (a second Ctrl-C ends at once)" : ""));
    to_all(Tag::drain, {});
}

void Lead::part(int code) {
    phase_ = Phase::parting;
    code_ = code;
    parting_since_ = context_.clock.seconds();
    progress_.show(master_.frames_done(), master_.frames_total(), parting_since_, true);
    fault_point("before everybody parts");
    to_all(Tag::finish, number_to_bytes(code));
}

int Lead::exit_code() const {
    const Standing& standing = context_.run.standing;
    std::int64_t written = standing.outputs;
    std::int64_t empty = standing.empty_frames;
    bool clean = standing.bad_files == 0 && !collection_failed_;
    for (const Outcome& outcome : outcomes_) {
        if (outcome.failure.empty())
            ++written;
        else
            clean = false;
        empty += outcome.failed_frames;
    }
    if (clean && empty == 0 && given_up_ == 0) return 0;
    return written == 0 && context_.options.shard.alone() ? exit_codes::failed
                                                          : exit_codes::partly_done;
}

void Lead::tick() {
    const double now = context_.clock.seconds();
    watch_ranks(now);
    release_writers();
    last_tick_ = now;
    if (now - last_alive_ > seconds_between_signs) {
        last_alive_ = now;
        to_all(Tag::alive, {});
    }
    switch (phase_) {
        case Phase::working:
            if (news_ || now - last_serving_ > seconds_between_servings) {
                last_serving_ = now;
                serve_waiting();
            }
            gather_next();
            progress_.show(master_.frames_done(), master_.frames_total(), now, false);
            if (outputs_done() && collect_) collect();
            if (!outputs_done()) return;
            stopped_ = left_over_;
            part(left_over_.empty() ? exit_code() : exit_codes::stopped);
            return;
        case Phase::draining:
            if (all_living(drained_) && writing_.empty()) part(code_);
            return;
        case Phase::parting:
            if (all_living(said_bye_) || now - parting_since_ > context_.options.silence) {
                to_all(Tag::leave, {});
                phase_ = Phase::over;
            }
            return;
        case Phase::over:
            return;
    }
}

RunReport Lead::take_report() {
    RunReport out;
    for (std::size_t rank = 0; rank < said_bye_.size(); ++rank)
        if (!said_bye_[rank]) out.lost.push_back(static_cast<int>(rank));
    out.exit_code = code_;
    if (code_ == 0 && !out.lost.empty()) out.exit_code = exit_codes::rank_lost;
    std::ranges::sort(outcomes_, {}, [](const Outcome& outcome) {
        return std::pair(outcome.job.file, outcome.job.scene);
    });
    out.outcomes = std::move(outcomes_);
    out.ranks = std::move(tallies_);
    out.stopped = stopped_;
    return out;
}

}  // namespace cytofleet
