#include "pipeline/rank_loop.hpp"

#include <chrono>
#include <csignal>
#include <utility>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/fault_point.hpp"
#include "base/sign_of_life.hpp"
#include "pipeline/gather.hpp"

namespace cytofleet {
namespace {

constexpr int units_per_rank = 2;  // one at work, one being read
constexpr std::chrono::microseconds patience{2000};
/// The next in line waits so much longer than the one before it.
constexpr double seconds_per_place = 5;

std::string name_of_signal(int signal) {
    if (signal == SIGTERM) return "SIGTERM";
    if (signal == SIGUSR1) return "SIGUSR1";
    if (signal == SIGINT) return "Ctrl-C";
    if (signal == SIGHUP) return "SIGHUP (the terminal has closed)";
    if (signal == SIGXCPU) return "SIGXCPU (the limit of CPU time)";
    return fmt::format("signal {}", signal);
}

}  // namespace

RankLoop::RankLoop(const RankContext& context, std::unique_ptr<Lead> lead,
                   std::function<std::unique_ptr<Lead>()> take_over)
    : context_(context),
      lead_(std::move(lead)),
      take_over_(std::move(take_over)),
      worker_(context.run, context.options, *context.model.segmenter, context.journal),
      scribe_(context.run, context.comm.rank(), worker_, context.journal),
      assembler_(context.options, context.run, context.model, context.facts, context.journal),
      leader_heard_(context.clock.seconds()),
      last_round_(leader_heard_) {}

void RankLoop::send(int rank, Tag tag, std::span<const std::byte> body) {
    context_.comm.send(rank, static_cast<int>(tag), body);
}

RankLoop::Ending RankLoop::go() {
    while (!left_) {
        while (const auto message = context_.comm.poll()) handle(*message);
        const double now = context_.clock.seconds();
        if (lead_) lead_->tick();
        watch_stop();
        ask_for_work();
        pass_on_frames();
        pass_on_assemblies();
        give_signs_of_life(now);
        watch_leader(now);
        last_round_ = now;
    }
    Ending out;
    out.exit_code = exit_code_;
    if (lead_) out.report = lead_->take_report();
    return out;
}

void RankLoop::handle(const Message& message) {
    const Tag tag{message.tag};
    if (tag == Tag::lead) return follow(message.from, number_from_bytes(message.body));
    if (message.from == leader_) {
        leader_heard_ = context_.clock.seconds();
        if (tag >= Tag::unit) handle_order(message);
    }
    if (lead_ && (tag < Tag::unit || tag == Tag::alive)) lead_->handle(message);
}

void RankLoop::handle_order(const Message& message) {
    switch (static_cast<Tag>(message.tag)) {
        case Tag::unit:
            --asked_;
            ++units_in_hand_;
            return worker_.give(unit_from_bytes(message.body));
        case Tag::revoke:
            return worker_.revoke(unit_from_bytes(message.body));
        case Tag::assemble:
            return assembler_.give(records_from_bytes(message.body));
        case Tag::can_join:
            return send(leader_, Tag::joins, {});
        case Tag::gather: {
            const std::string failure = gather_planes(context_, gather_from_bytes(message.body));
            return send(leader_, Tag::gathered, text_to_bytes(failure));
        }
        case Tag::drain:
            return drain();
        case Tag::finish:
            return finish(static_cast<int>(number_from_bytes(message.body)));
        case Tag::leave:
            left_ = finished_;
            return;
        default:
            return;
    }
}

void RankLoop::drain() {
    draining_ = true;
    worker_.close(true);
    assembler_.drop();
}

void RankLoop::finish(int code) {
    finished_ = true;
    exit_code_ = code;
    worker_.close(true);
    context_.journal.add(EndEvent{code});
    context_.journal.sync();
    send(leader_, Tag::bye, {});
}

void RankLoop::ask_for_work() {
    while (!draining_ && !finished_ && asked_ + units_in_hand_ < units_per_rank) {
        ++asked_;
        send(leader_, Tag::ask, {});
    }
}

void RankLoop::pass_on_frames() {
    if (auto written = scribe_.take(patience)) {
        units_in_hand_ -= written->units_ended;
        if (!written->records.empty())
            send(leader_, Tag::done, cytofleet::to_bytes(written->records));
    }
    for (const std::string& line : worker_.notes()) send(leader_, Tag::note, text_to_bytes(line));
}

void RankLoop::pass_on_assemblies() {
    while (const auto done = assembler_.take()) {
        send(leader_, Tag::assembled, cytofleet::to_bytes(*done));
    }
    if (!draining_ || drained_told_ || !scribe_.finished() || assembler_.in_hand() > 0) return;
    drained_told_ = true;
    send(leader_, Tag::drained, {});
}

void RankLoop::watch_stop() {
    if (stop_told_ || finished_) return;
    const auto* signal = context_.options.stop_signal;
    std::string why;
    if (signal != nullptr && *signal != 0)
        why = name_of_signal(*signal);
    else if (lead_ && context_.options.max_seconds > 0 &&
             context_.clock.seconds() > context_.options.max_seconds)
        why = "--max-time is over";
    else
        return;
    stop_told_ = true;
    send(leader_, Tag::stop_wanted, text_to_bytes(why));
}

void RankLoop::give_signs_of_life(double now) {
    if (now - last_sign_ < seconds_between_signs) return;
    last_sign_ = now;
    fault_point("sign of life");
    send(leader_, Tag::alive, {});
}

void RankLoop::watch_leader(double now) {
    if (lead_) return;
    if (now - last_round_ > own_absence) leader_heard_ = now;
    const int size = context_.comm.size();
    const int place = (context_.comm.rank() - leader_ + size) % size;  // 1: the next
    if (now - leader_heard_ < context_.options.silence + seconds_per_place * (place - 1)) return;
    context_.log.error(fmt::format(
        "rank {}, which led the run, has not been heard of for {:.0f} s; rank {} leads now",
        leader_, now - leader_heard_, context_.comm.rank()));
    ++term_;
    for (int rank = 0; rank < size; ++rank)
        if (rank != context_.comm.rank()) send(rank, Tag::lead, number_to_bytes(term_));
    lead_ = take_over_();
    const bool stopping = draining_;
    follow(context_.comm.rank(), term_);
    if (stopping) send(leader_, Tag::stop_wanted, text_to_bytes("the run was being stopped"));
}

/// Somebody leads from now on; what was in hand for the one before is let go, as the new one knows
/// only the journals.
void RankLoop::follow(int rank, std::int64_t term) {
    const bool own = rank == context_.comm.rank();
    if (!own && (term < term_ || (term == term_ && rank >= leader_))) return;
    if (!own) lead_.reset();
    term_ = term;
    leader_ = rank;
    leader_heard_ = context_.clock.seconds();
    asked_ = 0;
    drained_told_ = false;
    stop_told_ = false;
    worker_.revoke_all();
    // It said goodbye to one who did not hear it; the new one will end the run in its turn.
    if (finished_) draining_ = true;
    finished_ = false;
}

}  // namespace cytofleet
