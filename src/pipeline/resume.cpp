#include "pipeline/resume.hpp"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/guarded_folder.hpp"
#include "base/hash.hpp"
#include "base/sign_of_life.hpp"
#include "base/text.hpp"
#include "io/atomic_file.hpp"
#include "pipeline/discover.hpp"
#include "pipeline/replace_rule.hpp"
#include "schedule/book_names.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

/// The file is the one that was written: by size and time of its last change, or
/// by its contents when it was copied since.
bool stands(const OutputEvent& output, const fs::path& mask) {
    std::error_code failed;
    if (fs::file_size(mask, failed) != output.bytes || failed) return false;
    // Who may put another file there can give it any time.
    const Entry entry = look_at(mask);
    const bool own = entry.kind == EntryKind::file && Owners{}.take(entry.owner);
    if (own && fs::last_write_time(mask, failed).time_since_epoch().count() == output.changed &&
        !failed)
        return true;
    try {
        return sha256_of_file(mask) == output.sha256;
    } catch (const Error&) {
        return false;
    }
}

FrameRecord record_of(const FrameId& frame, const FrameHistory& known, std::int32_t spool) {
    FrameRecord out;
    out.frame = frame;
    out.state = known.done.length > 0 ? FrameState::done : FrameState::missing;
    out.spool = spool;
    out.offset = known.done.offset;
    out.length = known.done.length;
    out.checksum = known.done.checksum;
    out.cells = known.done.cells;
    out.largest = known.done.largest;
    out.times = known.done.times;
    out.notes = known.done.notes;
    return out;
}

FrameRecord quarantined(const FrameId& frame, std::string reason) {
    FrameRecord out;
    out.frame = frame;
    out.state = FrameState::quarantined;
    out.notes.push_back(std::move(reason));
    return out;
}

/// What is known of a job's frames goes to `out`. `spools`: their numbers in the run, by their
/// numbers in the history. Returns how many frames need no work.
std::uint64_t sort_frames(const Job& job, std::int64_t frames, const SceneName& name,
                          const SceneHistory& scene, const std::vector<std::int32_t>& spools,
                          int max_attempts, Remaining& out) {
    const std::size_t before = out.records.size();
    for (const auto& [t, known] : scene.frames) {
        if (t < 0 || t >= frames) continue;
        const FrameId frame{job.file, job.scene, t};
        if (known.spool >= 0) {
            out.records.push_back(
                record_of(frame, known, spools.at(static_cast<std::size_t>(known.spool))));
        } else if (known.quarantined) {
            out.records.push_back(quarantined(
                frame, known.failures.empty() ? "was given up" : known.failures.back()));
        } else if (known.deaths >= max_attempts) {
            const std::string reason =
                fmt::format("was being segmented when the program died, {}",
                            count_of(static_cast<std::uint64_t>(known.deaths), "time"));
            out.given_up.push_back({name, t, reason, true});
            out.records.push_back(quarantined(frame, reason));
        } else if (known.deaths > 0) {
            out.deaths[frame] = known.deaths;
        }
    }
    return out.records.size() - before;
}

class Sorting {
  public:
    Sorting(const Catalogue& catalogue, const std::vector<std::string>& inputs,
            const RunHistory& history, const fs::path& home, const RunOptions& options,
            std::int32_t own_spools)
        : catalogue_(catalogue),
          names_(home),
          inputs_(inputs),
          history_(history),
          options_(options) {
        for (std::size_t i = 0; i < history.spools.size(); ++i)
            spools_.push_back(own_spools + static_cast<std::int32_t>(i));
        for (const auto& [scene, known] : history.scenes) {
            if (known.job.frames > 0) by_stem_[known.job.stem].insert(scene);
            for (const auto* outputs : {&known.outputs, &known.void_outputs})
                for (const OutputEvent& output : *outputs) made_[output.path].push_back(&output);
        }
    }

    Remaining sort() {
        for (const Job& job : catalogue_.jobs) {
            give_sign_of_life();
            sort_job(job);
        }
        if (!refused_.empty()) refuse();
        if (!fixed_.empty())
            throw Error(ErrorKind::usage,
                        fmt::format("{}{}; choose another --output-dir or --suffix", fixed_.front(),
                                    fixed_.size() > 1
                                        ? fmt::format(" (and so for {} more)", fixed_.size() - 1)
                                        : ""));
        if (skipped_ > 0)
            out_.notes.push_back(fmt::format("skipped {} already there (--skip-existing)",
                                             count_of(skipped_, "output")));
        if (!out_.outputs.empty())
            out_.notes.push_back(
                fmt::format("{} done before with the same settings; --no-resume does them again",
                            count_of(out_.outputs.size(), "output")));
        if (resumed_ > 0)
            out_.notes.push_back(fmt::format("{} done before with the same settings, {} left",
                                             count_of(resumed_, "frame"),
                                             count_of(frames_ - resumed_, "frame")));
        if (changed_ > 0)
            out_.notes.push_back(fmt::format("{} changed since: {} done anew (the first is {})",
                                             count_of(changed_, "input"),
                                             changed_ == 1 ? "it is" : "they are", first_changed_));
        return std::move(out_);
    }

  private:
    void sort_job(const Job& job) {
        const SceneName name{inputs_.at(static_cast<std::size_t>(job.file)), job.scene};
        const auto known = history_.scenes.find(name);
        const SceneHistory* scene = known == history_.scenes.end() ? nullptr : &known->second;
        if (const auto* output = scene != nullptr
                                     ? standing_output(*scene, job, names_, options_.format)
                                     : nullptr) {
            out_.outputs.push_back(*output);
            out_.standing.push_back(job);
            return;
        }
        if (options_.existing != Existing::overwrite && is_in_the_way(job)) return;
        Job mine = job;
        for (const fs::path& path : outputs_of(job)) check_replaceable(path);
        for (const fs::path& path : label_paths(job.stem, options_.format))
            mine.replaces = mine.replaces || is_there(path);
        const auto claimed = by_stem_.find(names_.name_of(job.stem));
        if (claimed != by_stem_.end() && !claimed->second.contains(name) && changed_++ == 0)
            first_changed_ = show(catalogue_.files.at(static_cast<std::size_t>(job.file)).path);
        out_.jobs.push_back(mine);
        frames_ += static_cast<std::uint64_t>(catalogue_.scene(job).t);
        if (scene != nullptr)
            resumed_ += sort_frames(job, catalogue_.scene(job).t, name, *scene, spools_,
                                    options_.max_attempts, out_);
    }

    static bool is_there(const fs::path& path) { return look_at(path).kind != EntryKind::none; }

    std::vector<fs::path> outputs_of(const Job& job) const {
        std::vector<fs::path> out = label_paths(job.stem, options_.format);
        out.push_back(log_path(job.stem));
        return out;
    }

    /// Now, not when all frames are done.
    void check_replaceable(const fs::path& path) {
        std::string why;
        if (!can_be_put(path, why)) fixed_.push_back(fmt::format("{} {}", show(path), why));
    }

    /// There is a file that this run has not written and may not replace.
    bool is_in_the_way(const Job& job) {
        const fs::path log = log_path(job.stem);
        for (const fs::path& path : outputs_of(job)) {
            if (!is_there(path) || (path == log ? is_own_log(path) : is_own(path))) continue;
            if (options_.existing == Existing::skip)
                ++skipped_;
            else
                refused_.push_back(path);
            return true;
        }
        return false;
    }

    /// This run has written it, if for another state of the input.
    bool is_own(const fs::path& path) {
        const auto made = made_.find(names_.name_of(path));
        return made != made_.end() &&
               std::ranges::any_of(
                   made->second, [&](const OutputEvent* output) { return stands(*output, path); });
    }

    [[noreturn]] void refuse() const {
        constexpr std::size_t most = 4;
        std::string names;
        for (std::size_t i = 0; i < std::min(most, refused_.size()); ++i)
            names += fmt::format("{}{}", i > 0 ? ", " : "", show(refused_[i]));
        if (refused_.size() > most) names += fmt::format(" and {} more", refused_.size() - most);
        // A damaged line may have been the one that told of it.
        const std::string damage =
            history_.notes.empty() ? "" : fmt::format(" ({})", history_.notes.front());
        throw Error(
            ErrorKind::usage,
            fmt::format("{} there already, from other settings or another program{}: {}; "
                        "choose --overwrite, --skip-existing, another --suffix or "
                        "--output-dir",
                        refused_.size() == 1 ? "an output is" : "outputs are", damage, names));
    }

    const Catalogue& catalogue_;
    BookNames names_;
    const std::vector<std::string>& inputs_;
    const RunHistory& history_;
    const RunOptions& options_;
    std::vector<std::int32_t> spools_;
    std::map<std::string, std::set<SceneName>> by_stem_;  ///< outputs this run has claimed before
    std::map<std::string, std::vector<const OutputEvent*>> made_;  ///< by path
    Remaining out_;
    std::vector<fs::path> refused_;
    std::vector<std::string> fixed_;  ///< outputs that nobody but another may replace
    std::uint64_t skipped_ = 0;
    std::uint64_t frames_ = 0;
    std::uint64_t resumed_ = 0;
    std::uint64_t changed_ = 0;
    std::string first_changed_;
};

}  // namespace

bool is_written(const SceneHistory& scene, const fs::path& file, BookNames& names) {
    const std::string name = names.name_of(file);
    return std::ranges::any_of(scene.outputs, [&](const OutputEvent& output) {
        return output.path == name && stands(output, file);
    });
}

const OutputEvent* standing_output(const SceneHistory& scene, const Job& job, BookNames& names,
                                   OutputFormat format) {
    const OutputEvent* first = nullptr;
    for (const fs::path& path : label_paths(job.stem, format)) {
        const std::string name = names.name_of(path);
        const auto found = std::ranges::find_if(scene.outputs, [&](const OutputEvent& output) {
            return output.path == name && stands(output, path);
        });
        if (found == scene.outputs.end()) return nullptr;
        if (first == nullptr) first = &*found;
    }
    return first;
}

Remaining what_remains(const Catalogue& catalogue, const std::vector<std::string>& inputs,
                       const RunHistory& history, const fs::path& home, const RunOptions& options,
                       std::int32_t own_spools) {
    return Sorting(catalogue, inputs, history, home, options, own_spools).sort();
}

Remaining what_is_left(RunRecord& run, const RunHistory& history, const RunOptions& options) {
    std::map<std::string, std::int32_t> numbers;
    for (const std::string& name : run.spools)
        numbers.emplace(name, static_cast<std::int32_t>(numbers.size()));
    std::vector<std::int32_t> spools;
    for (const std::string& name : history.spools) {
        const auto [known, is_new] =
            numbers.emplace(name, static_cast<std::int32_t>(numbers.size()));
        if (is_new) run.spools.push_back(name);
        spools.push_back(known->second);
    }
    Remaining out;
    BookNames names(run.home());
    for (std::size_t i = 0; i < run.jobs.size(); ++i) {
        const Job& job = run.jobs[i];
        const SceneName name = run.scene_name(job.file, job.scene);
        const auto known = history.scenes.find(name);
        if (known == history.scenes.end()) {
            out.jobs.push_back(job);
            continue;
        }
        const SceneHistory& scene = known->second;
        if (const auto* output = standing_output(scene, job, names, options.format)) {
            out.outputs.push_back(*output);
            out.standing.push_back(job);
            continue;
        }
        out.jobs.push_back(job);
        sort_frames(job, run.items[i].frames, name, scene, spools, options.max_attempts, out);
    }
    return out;
}

void make_void(SceneHistory& scene) {
    for (OutputEvent& output : scene.outputs) scene.void_outputs.push_back(std::move(output));
    scene.outputs.clear();
}

void forgive(RunHistory& history) {
    for (auto& [name, scene] : history.scenes) {
        bool given_up = false;
        for (auto& [t, frame] : scene.frames) {
            given_up = given_up || frame.quarantined;
            frame.quarantined = false;
            frame.deaths = 0;
            frame.failures.clear();
        }
        if (given_up) make_void(scene);
    }
}

FrameNeeds::FrameNeeds(const Remaining& remaining, int max_attempts) {
    for (const Job& job : remaining.jobs) jobs_.emplace(job.file, job.scene);
    for (const FrameRecord& record : remaining.records) special_[record.frame] = FrameNeed::none;
    for (const auto& [frame, deaths] : remaining.deaths) {
        const bool last_chance = deaths + 1 >= max_attempts;
        special_[frame] = last_chance ? FrameNeed::none : FrameNeed::alone;
        if (last_chance) careful_.push_back(frame);
    }
    std::ranges::stable_sort(careful_, std::greater<>(),
                             [&](const FrameId& frame) { return remaining.deaths.at(frame); });
}

FrameNeed FrameNeeds::operator()(const FrameId& frame) const {
    if (!jobs_.contains({frame.file, frame.scene})) return FrameNeed::none;
    const auto found = special_.find(frame);
    return found == special_.end() ? FrameNeed::any : found->second;
}

std::vector<std::string> unfinished_others(const fs::path& books, const std::string& id,
                                           const Settings& settings, const Owners& owners) {
    std::vector<std::string> out;
    const GuardedFolder held(books);
    if (!held.is_open()) return out;
    for (const std::string& name : held.names()) {
        if (name == id || held.look(name).kind != EntryKind::folder) continue;
        const auto start = newest_start(books / name, owners);
        if (!start || start->damaged || is_finished(books / name, start->number, owners)) continue;
        out.push_back(
            fmt::format("a run with other settings was not finished; its frames do not fit and are "
                        "done anew: {}",
                        difference(start->settings, settings)));
    }
    std::ranges::sort(out);
    return out;
}

}  // namespace cytofleet
