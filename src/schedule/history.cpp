#include "schedule/history.hpp"

#include <algorithm>
#include <charconv>
#include <fcntl.h>
#include <fstream>
#include <optional>
#include <set>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "schedule/journal.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

/// Its writer still holds the lock.
bool is_alive(const fs::path& journal) {
    const int descriptor = open(journal.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return false;
    const bool locked = flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(descriptor);
    return locked;
}

/// One journal's frames that went into the model and did not come out of it.
using InFlight = std::set<std::pair<SceneName, std::int64_t>>;

struct Mishap {
    std::string attempt;
    SceneName scene;
    std::int64_t t = 0;
    std::optional<std::string> reason;  ///< nothing: a death
    bool final = false;
};

[[noreturn]] void fail(const fs::path& journal) {
    throw Error(ErrorKind::output,
                fmt::format("{}: cannot be read; check its permissions, or start afresh with "
                            "another --output-dir",
                            show(journal)));
}

/// What the name of a journal says of its attempt, for when its first line does not.
AttemptEvent attempt_by_name(const fs::path& journal) {
    const std::string name = journal.stem();
    const std::size_t dash = std::min(name.rfind('-'), name.size());
    AttemptEvent out;
    out.attempt = name.substr(0, dash);
    if (dash < name.size())
        std::from_chars(name.data() + dash + 1, name.data() + name.size(), out.rank);
    return out;
}

class Reading {
  public:
    explicit Reading(fs::path folder) : folder_(std::move(folder)) {}

    void read(const fs::path& journal) {
        std::ifstream in(journal, std::ios::binary);
        std::error_code ignored;
        if (!in && !fs::exists(journal, ignored)) return;  // cleared away since it was listed
        if (!in) fail(journal);
        attempt_ = {};
        attempt_.journal = journal;
        attempt_.alive = is_alive(journal);
        in_flight_.clear();
        std::int64_t damaged = 0;
        bool started = false;
        std::string line;
        while (std::getline(in, line)) {
            const auto event = event_of(line);
            // The last line of a process that was killed may be torn: nothing to be told.
            if (!event && !in.eof()) ++damaged;
            if (!std::exchange(started, true)) begin(event, journal);
            if (event) std::visit([this](const auto& kind) { take(kind); }, *event);
        }
        if (in.bad()) fail(journal);
        if (!started) begin(std::nullopt, journal);
        if (!attempt_.ended && !attempt_.alive)
            for (const auto& [scene, t] : in_flight_)
                mishaps_.push_back({attempt_.start.attempt, scene, t, std::nullopt, false});
        if (damaged > 0)
            out_.notes.push_back(
                fmt::format("{}: {} damaged; what they said is done again", show(journal),
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
    void begin(const std::optional<JournalEvent>& first, const fs::path& journal) {
        const auto* start = first ? std::get_if<AttemptEvent>(&*first) : nullptr;
        attempt_.start = start != nullptr ? *start : attempt_by_name(journal);
        std::error_code gone;
        const std::string name = spool_name(attempt_.start.attempt, attempt_.start.rank);
        spool_bytes_ = fs::file_size(folder_ / name, gone);
        if (gone) spool_bytes_ = 0;
        spool_ = static_cast<std::int32_t>(out_.spools.size());
        out_.spools.push_back(name);
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

    fs::path folder_;
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

RunHistory read_history(const fs::path& folder, const std::string& except) {
    std::vector<fs::path> journals;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder, none)) {
        const fs::path& path = entry.path();
        if (path.extension() != ".journal") continue;
        if (!except.empty() && path.filename().native().starts_with(except + "-")) continue;
        journals.push_back(path);
    }
    std::ranges::sort(journals);
    Reading reading(folder);
    for (const auto& journal : journals) reading.read(journal);
    return reading.finish();
}

}  // namespace cytofleet
