#include "report/run_status.hpp"

#include <algorithm>
#include <set>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/shown_format.hpp"
#include "base/text.hpp"
#include "report/books_in.hpp"
#include "schedule/history.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

/// Means over the frames whose planes are still in a spool.
struct MeanTime {
    double seconds = 0;
    std::int64_t frames = 0;
};

void add_scene(const SceneHistory& scene, RunStatus& out, MeanTime& time) {
    ++out.outputs;
    out.frames += scene.job.frames;
    std::int64_t done = 0;
    std::uint64_t cells = 0;
    for (const auto& [t, frame] : scene.frames) {
        if (frame.spool >= 0) {
            cells += frame.done.cells;
            time.seconds += frame.done.times.total();
            ++time.frames;
        } else if (frame.quarantined) {
            out.quarantined.push_back(
                {scene.job.path, t, frame.failures.empty() ? "" : frame.failures.back()});
        }
        done += frame.spool >= 0 || frame.quarantined ? 1 : 0;
    }
    // Spools are cleared away when everything is done.
    if (!scene.outputs.empty()) {
        ++out.outputs_done;
        done = scene.job.frames;
        cells = scene.outputs.back().cells;
    }
    out.frames_done += done;
    out.cells += cells;
}

RunStatus status_in(FoundBooks books) {
    RunStatus out;
    out.id = books.folder.filename();
    out.finished = is_finished(books.folder, books.start.number, books.owners);
    out.start = std::move(books.start);
    const RunHistory history = read_history(books.folder, {}, books.owners);
    MeanTime time;
    // A changed input is another scene of the same output: the newest counts.
    std::map<std::string, const SceneHistory*> newest;
    for (const auto& [name, scene] : history.scenes)
        if (scene.job.frames > 0) {
            const SceneHistory*& known = newest[scene.job.stem];
            if (known == nullptr || known->order < scene.order) known = &scene;
        }
    for (const auto& [stem, scene] : newest) add_scene(*scene, out, time);
    for (const AttemptHistory& attempt : history.attempts) {
        const AttemptEvent& begin = attempt.start;
        out.living_ranks += attempt.alive ? 1 : 0;
        out.attempts.push_back({begin.attempt, begin.host, begin.shard, begin.rank, begin.process,
                                attempt.alive, attempt.ended, attempt.asked, attempt.exit_code,
                                attempt.frames});
    }
    out.notes = std::move(books.notes);
    out.notes.insert(out.notes.end(), history.notes.begin(), history.notes.end());
    if (time.frames > 0) out.seconds_per_frame = time.seconds / static_cast<double>(time.frames);
    if (out.living_ranks > 0 && time.frames > 0)
        out.seconds_left = out.seconds_per_frame *
                           static_cast<double>(out.frames - out.frames_done) / out.living_ranks;
    return out;
}

std::string how(const AttemptStatus& attempt) {
    if (attempt.alive) return "at work";
    if (attempt.asked) return "stopped";
    if (!attempt.ended) return "died";
    return attempt.exit_code == 85 ? "stopped" : fmt::format("ended with {}", attempt.exit_code);
}

std::string state_of(const RunStatus& status) {
    if (status.living_ranks > 0)
        return fmt::format("{} at work",
                           count_of(static_cast<std::uint64_t>(status.living_ranks), "rank"));
    if (status.finished) return "finished";
    if (status.frames_done == status.frames && status.outputs_done == status.outputs)
        return "done, with frames left empty";
    return "not finished; the same command goes on with it";
}

}  // namespace

std::vector<RunStatus> status_of(const fs::path& home, bool share) {
    std::vector<RunStatus> out;
    for (FoundBooks& books : books_in(home, share)) out.push_back(status_in(std::move(books)));
    std::ranges::sort(out, {}, [](const RunStatus& run) { return run.start.start; });
    return out;
}

std::string status_text(const RunStatus& status) {
    std::string out =
        shown_format("run {}, started {:%Y-%m-%d %H:%M:%S} UTC: {}\n", status.id,
                     fmt::gmtime(static_cast<std::time_t>(status.start.start)), state_of(status));
    out += shown_format("  {}/{} frames, {}/{} outputs, {}\n", status.frames_done, status.frames,
                        status.outputs_done, status.outputs, count_of(status.cells, "cell"));
    if (status.seconds_left >= 0)
        out += shown_format("  about {:.0f} s left at {:.3g} s a frame and rank\n",
                            status.seconds_left, status.seconds_per_frame);
    std::set<std::string> attempts;
    for (const AttemptStatus& attempt : status.attempts) attempts.insert(attempt.name);
    out += shown_format("  {}:\n", count_of(attempts.size(), "attempt"));
    constexpr std::size_t most = 32;
    for (std::size_t i = 0; i < std::min(most, status.attempts.size()); ++i) {
        const AttemptStatus& attempt = status.attempts[i];
        out += shown_format(
            "    {} rank {}{} on {} (process {}): {}, {}\n", attempt.name, attempt.rank,
            attempt.shard.empty() ? "" : shown_format(" of shard {}", attempt.shard), attempt.host,
            attempt.process, count_of(static_cast<std::uint64_t>(attempt.frames), "frame"),
            how(attempt));
    }
    if (status.attempts.size() > most)
        out +=
            shown_format("    and {} more; --json has them all\n", status.attempts.size() - most);
    for (const QuarantinedFrame& frame : status.quarantined)
        out += shown_format("  quarantined: {} frame {}: {}\n", frame.input, frame.t, frame.reason);
    for (const std::string& note : status.notes) out += shown_format("  {}\n", note);
    return out;
}

std::string status_json(const std::vector<RunStatus>& runs) {
    using Json = nlohmann::ordered_json;
    Json out = Json::array();
    for (const RunStatus& run : runs) {
        Json json{{"id", run.id},
                  {"start", run.start.start},
                  {"command", run.start.command},
                  {"finished", run.finished},
                  {"frames", run.frames},
                  {"frames_done", run.frames_done},
                  {"outputs", run.outputs},
                  {"outputs_done", run.outputs_done},
                  {"cells", run.cells},
                  {"living_ranks", run.living_ranks},
                  {"seconds_per_frame", run.seconds_per_frame},
                  {"seconds_left", run.seconds_left < 0 ? Json() : Json(run.seconds_left)}};
        for (const auto& [name, value] : run.start.settings) json["settings"][name] = value;
        json["quarantined"] = Json::array();
        for (const QuarantinedFrame& frame : run.quarantined)
            json["quarantined"].push_back(
                {{"input", frame.input}, {"frame", frame.t}, {"reason", frame.reason}});
        json["attempts"] = Json::array();
        for (const AttemptStatus& attempt : run.attempts)
            json["attempts"].push_back({{"name", attempt.name},
                                        {"rank", attempt.rank},
                                        {"shard", attempt.shard},
                                        {"host", attempt.host},
                                        {"process", attempt.process},
                                        {"state", how(attempt)},
                                        {"frames", attempt.frames}});
        json["notes"] = run.notes;
        out.push_back(std::move(json));
    }
    return out.dump(2, ' ', true, Json::error_handler_t::replace) + "\n";
}

}  // namespace cytofleet
