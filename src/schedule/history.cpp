#include "schedule/history.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/guarded_folder.hpp"
#include "base/new_file.hpp"
#include "base/sign_of_life.hpp"
#include "base/text.hpp"
#include "schedule/event_limits.hpp"
#include "schedule/journal.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

/// One journal's frames that went into the model and did not come out of it.
using InFlight = std::set<std::pair<SceneName, std::int64_t>>;

struct Mishap {
    std::string attempt;
    SceneName scene;
    std::int64_t t = 0;
    std::optional<std::string> reason;  ///< nothing: a death
    bool final = false;
};

constexpr std::string_view journal_end = ".journal";
constexpr std::uint64_t most_journal = std::uint64_t{1} << 30;  // bytes: 5 million frames of a rank
constexpr std::size_t most_line = std::size_t{1} << 24;

/// What the name of a journal says of its attempt, for when its first line does not.
AttemptEvent attempt_by_name(std::string name) {
    name.resize(name.size() - journal_end.size());
    const std::size_t dash = std::min(name.rfind('-'), name.size());
    AttemptEvent out;
    out.attempt = name.substr(0, dash);
    if (dash < name.size())
        std::from_chars(name.data() + dash + 1, name.data() + name.size(), out.rank);
    return out;
}

class Reading {
  public:
    Reading(const fs::path& path, const GuardedFolder& folder, const Owners& owners)
        : path_(path), folder_(folder), owners_(owners) {}

    void read(const std::string& name) {
        const BookFile journal = folder_.open(name, owners_, most_journal);
        if (!journal.problem.empty()) note(name, journal.problem + "; it is left out");
        if (!journal.file) return;  // or it was cleared away since it was listed
        attempt_ = {};
        attempt_.journal = path_ / name;
        attempt_.alive = is_locked(journal.file.number());
        in_flight_.clear();
        std::int64_t damaged = 0;
        bool started = false;
        LineReader lines(journal.file.number(), most_line);
        std::string line;
        while (lines.next(line)) {
            give_sign_of_life();
            auto event = event_of(line);
            if (event && !in_limits(*event)) event.reset();
            // The last line of a process that was killed may be torn: nothing to be told.
            if (!event && !lines.torn()) ++damaged;
            if (!std::exchange(started, true)) begin(event, name);
            if (event) std::visit([this](const auto& kind) { take(kind); }, *event);
        }
        if (lines.failed()) note(name, "cannot be read to its end");
        if (!started) begin(std::nullopt, name);
        attempt_.asked = !attempt_.ended && !attempt_.alive && !has_stop_mark(name);
        if (!attempt_.ended && !attempt_.alive && !attempt_.asked)
            for (const auto& [scene, t] : in_flight_)
                mishaps_.push_back({attempt_.start.attempt, scene, t, std::nullopt, false});
        if (damaged > 0)
            note(name, fmt::format("{} damaged; what they said is done again",
                                   count_of(static_cast<std::uint64_t>(damaged), "line")));
        out_.attempts.push_back(attempt_);
    }

    RunHistory finish() {
        for (const Mishap& mishap : mishaps_) {
            if (forgiven_.contains(mishap.attempt)) continue;
            FrameHistory& frame = out_.scenes[mishap.scene].frames[mishap.t];
            if (mishap.reason)
                frame.failures.push_back(*mishap.reason);
            else
                ++frame.deaths;
            frame.quarantined |= mishap.final;
        }
        return std::move(out_);
    }

  private:
    void note(const std::string& name, const std::string& what) {
        out_.notes.push_back(fmt::format("{}: {}", show(path_ / name), what));
    }

    /// Names of attempts and spools are taken from the journal's own name: it cannot lead
    /// elsewhere.
    void begin(const std::optional<JournalEvent>& first, const std::string& name) {
        const auto* start = first ? std::get_if<AttemptEvent>(&*first) : nullptr;
        const AttemptEvent by_name = attempt_by_name(name);
        attempt_.start = start != nullptr ? *start : by_name;
        attempt_.start.attempt = by_name.attempt;
        attempt_.start.rank = by_name.rank;
        const std::string spool = name.substr(0, name.size() - journal_end.size()) + ".spool";
        const Entry entry = folder_.look(spool);
        const bool taken = entry.kind == EntryKind::file && owners_.take(entry.owner);
        if (entry.kind != EntryKind::none && !taken)
            note(spool, "is no file of this run's user; its frames are done again");
        spool_bytes_ = taken ? entry.bytes : 0;
        spool_ = static_cast<std::int32_t>(out_.spools.size());
        out_.spools.push_back(spool);
    }

    bool has_stop_mark(const std::string& journal) const {
        const std::string name =
            journal.substr(0, journal.size() - journal_end.size()) + std::string(stop_mark_end);
        const Entry entry = folder_.look(name);
        return entry.kind == EntryKind::file && owners_.take(entry.owner);
    }

    void take(const AttemptEvent& /*event*/) {}
    void take(const JobEvent& event) {
        SceneHistory& scene = out_.scenes[event.scene];
        scene.job = event;
        scene.order = ++jobs_;
    }
    void take(const BeginEvent& event) {
        for (const std::int64_t t : event.frames) in_flight_.emplace(event.scene, t);
    }
    void take(const FrameEvent& event) {
        in_flight_.erase({event.scene, event.t});
        ++attempt_.frames;
        // A spool is cleared away when its planes have become outputs, or it lost its end.
        if (event.length > spool_bytes_ || event.offset > spool_bytes_ - event.length) return;
        FrameHistory& frame = out_.scenes[event.scene].frames[event.t];
        frame.spool = spool_;
        frame.done = event;
        frame.done.scene.input.clear();
    }
    void take(const FailedEvent& event) {
        in_flight_.erase({event.scene, event.t});
        mishaps_.push_back(
            {attempt_.start.attempt, event.scene, event.t, event.reason, event.final});
    }
    void take(const ForgiveEvent& event) {
        forgiven_.insert(event.attempts.begin(), event.attempts.end());
    }
    void take(const OutputEvent& event) { out_.scenes[event.scene].outputs.push_back(event); }
    void take(const EndEvent& event) {
        attempt_.ended = true;
        attempt_.exit_code = event.code;
    }

    const fs::path& path_;
    const GuardedFolder& folder_;
    const Owners& owners_;
    RunHistory out_;
    AttemptHistory attempt_;
    std::int64_t jobs_ = 0;
    std::int32_t spool_ = -1;
    std::uint64_t spool_bytes_ = 0;
    InFlight in_flight_;
    std::vector<Mishap> mishaps_;
    std::set<std::string> forgiven_;
};

}  // namespace

bool RunHistory::someone_alive() const {
    return std::ranges::any_of(attempts, &AttemptHistory::alive);
}

RunHistory read_history(const fs::path& folder, const std::string& except, const Owners& owners) {
    const GuardedFolder held(folder);
    if (!held.is_open()) return {};
    Reading reading(folder, held, owners);
    for (const std::string& name : held.names()) {
        if (!name.ends_with(journal_end) || name.size() == journal_end.size()) continue;
        if (except.empty() || !name.starts_with(except + "-")) reading.read(name);
    }
    return reading.finish();
}

}  // namespace cytofleet
