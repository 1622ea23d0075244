// A lead on rank 0 of a team of threads; the test says what all ranks say, and hears what they are
// told.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "pipeline/fleet.hpp"
#include "pipeline/messages.hpp"

namespace cytofleet::test {

/// Says that several ranks can write a file together; no MPI is there to do it.
class WithGroups : public Communicator {
  public:
    explicit WithGroups(Communicator& team) : team_(team) {}
    int rank() const override { return team_.rank(); }
    int size() const override { return team_.size(); }
    int node_rank() const override { return team_.node_rank(); }
    int node_size() const override { return team_.node_size(); }
    std::string host() const override { return team_.host(); }
    void send(int to, int tag, std::span<const std::byte> body) override {
        team_.send(to, tag, body);
    }
    std::optional<Message> poll() override { return team_.poll(); }
    void broadcast(std::vector<std::byte>& body, int root) override { team_.broadcast(body, root); }
    void barrier() override { team_.barrier(); }
    bool has_groups() const override { return true; }
    [[noreturn]] void abort(int code) override { std::_Exit(code); }

  private:
    Communicator& team_;
};

class Conversation {
  public:
    Conversation(Fleet& fleet, const std::vector<Communicator*>& comms, Master master,
                 const std::vector<FrameRecord>& records = {})
        : fleet_(fleet),
          comms_(comms),
          groups_(*comms[0]),
          rank_(fleet, groups_),
          lead_(rank_.context(groups_), std::move(master), records) {}

    void say(int from, Tag tag, std::span<const std::byte> body = {}) {
        lead_.handle({from, static_cast<int>(tag), {body.begin(), body.end()}});
    }
    void say(int from, Tag tag, const std::string& text) { say(from, tag, text_to_bytes(text)); }
    /// What a rank was told since the last call, signs of life left out.
    std::vector<Message> told(int rank) {
        std::vector<Message> out;
        while (auto message = comms_[static_cast<std::size_t>(rank)]->poll())
            if (Tag{message->tag} != Tag::alive) out.push_back(std::move(*message));
        return out;
    }
    std::vector<Tag> tags_to(int rank) {
        std::vector<Tag> out;
        for (const Message& message : told(rank)) out.push_back(Tag{message.tag});
        return out;
    }
    /// What a rank gets that asks: nothing, or a unit.
    std::optional<Unit> ask(int rank) {
        say(rank, Tag::ask);
        for (const Message& message : told(rank))
            if (Tag{message.tag} == Tag::unit) return unit_from_bytes(message.body);
        return std::nullopt;
    }
    static FrameRecord record(int rank, std::int64_t t, std::int64_t file = 0) {
        FrameRecord out;
        out.frame = {file, 0, t};
        out.rank = out.spool = rank;
        out.cells = static_cast<std::uint32_t>(t + 1);
        out.length = 10;
        return out;
    }
    static FrameRecord failure(int rank, std::int64_t t, FrameState state = FrameState::failed) {
        FrameRecord out = record(rank, t);
        out.state = state;
        out.length = 0;
        out.cells = 0;
        out.notes = {"broke"};
        return out;
    }
    void deliver(int from, const std::vector<FrameRecord>& records) {
        say(from, Tag::done, to_bytes(records));
    }
    /// All frames of a file are done by one rank.
    void deliver_all(int from, std::int64_t frames, std::int64_t file = 0) {
        for (std::int64_t t = 0; t < frames; ++t) deliver(from, {record(from, t, file)});
    }
    void assembled(int from, const Assembly& assembly) {
        say(from, Tag::assembled, to_bytes(assembly));
    }
    Assembly assembly(std::int64_t frames, std::int64_t file = 0) const {
        Assembly out;
        out.outcome.job = fleet_.record.jobs[static_cast<std::size_t>(file)];
        out.outcome.frames = frames;
        out.outcome.cells = 6;
        return out;
    }
    /// Time passes; ranks named give signs of life.
    void pass(double seconds, const std::vector<int>& alive) {
        const Timer timer;
        while (timer.seconds() < seconds) {
            for (const int rank : alive) say(rank, Tag::alive);
            lead_.tick();
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    }
    /// Everybody says goodbye.
    RunReport report_at_end(int ranks) {
        for (int rank = 0; rank < ranks; ++rank) say(rank, Tag::bye);
        lead_.tick();
        return lead_.take_report();
    }
    Lead& lead() { return lead_; }
    FleetRank& rank() { return rank_; }
    bool log_says(const std::string& what) { return rank_.told.says(what); }

  private:
    Fleet& fleet_;
    const std::vector<Communicator*>& comms_;
    WithGroups groups_;
    FleetRank rank_;
    Lead lead_;
};

/// Runs `script` with a lead of `ranks` ranks over one file of `frames` frames.
template <typename Script>
void converse(Fleet& fleet, int ranks, Script script,
              const std::vector<FrameRecord>& records = {}) {
    speak_for_all(ranks, [&](const std::vector<Communicator*>& comms) {
        Plan plan;
        if (records.empty()) plan = make_plan(fleet.record.items, Partition::frames, ranks);
        MasterTuning tuning;
        tuning.ranks = ranks;
        Conversation talk(fleet, comms, Master(fleet.record.items, plan, tuning), records);
        script(talk);
    });
}

inline bool holds(const std::vector<Tag>& tags, Tag tag) {
    return std::ranges::count(tags, tag) > 0;
}

}  // namespace cytofleet::test
