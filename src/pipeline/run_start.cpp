#include "pipeline/run_start.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "base/guarded_folder.hpp"
#include "base/new_file.hpp"
#include "base/sign_of_life.hpp"
#include "base/text.hpp"
#include "pipeline/choose_books.hpp"
#include "pipeline/claim_paths.hpp"
#include "pipeline/collection.hpp"
#include "pipeline/discover.hpp"
#include "pipeline/input_identity.hpp"
#include "pipeline/messages.hpp"
#include "pipeline/run_settings.hpp"
#include "schedule/book_names.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

void make_folder(const fs::path& folder, std::string_view what,
                 std::string_view option = "--output-dir") {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error)
        throw Error(ErrorKind::output,
                    fmt::format("{}: {} cannot be created ({}); check {} and its permissions",
                                show(folder), what, error.message(), option));
}

/// The folder whose `.cytofleet` has the books.
fs::path home_of(const RunOptions& options, const Catalogue& catalogue) {
    if (!options.output_dir.empty()) return options.output_dir;
    if (catalogue.jobs.empty()) return {};
    const fs::path folder = catalogue.jobs.front().stem.parent_path();
    return folder.empty() ? fs::path(".") : folder;
}

/// A file that goes away between two looks is a bad file like any other.
void identify_all(RunPlan& plan, const RunOptions& options) {
    std::set<std::int64_t> gone;
    for (std::size_t i = 0; i < plan.catalogue.files.size(); ++i) {
        const FileInfo& file = plan.catalogue.files[i];
        give_sign_of_life();
        try {
            plan.inputs.push_back(identify(file, options.verify_inputs));
        } catch (const Error& error) {
            plan.inputs.emplace_back();
            plan.catalogue.bad.push_back({file.path, error.what(), -1, {}});
            gone.insert(static_cast<std::int64_t>(i));
        }
    }
    std::erase_if(plan.catalogue.jobs, [&](const Job& job) { return gone.contains(job.file); });
}

/// --no-resume: of what was done before only that it may be replaced counts.
void forget_all(RunHistory& history) {
    for (auto& [name, scene] : history.scenes) {
        scene.frames.clear();
        make_void(scene);
    }
}

void note_history(RunPlan& plan, const RunOptions& options) {
    const auto add = [&](const std::vector<std::string>& notes) {
        plan.notes.insert(plan.notes.end(), notes.begin(), notes.end());
    };
    add(plan.history.notes);
    if (plan.history.someone_alive() && options.shard.alone())
        plan.notes.emplace_back(
            "another process is at the same work now; both may end, and what they write is the "
            "same");
    const bool resumes = plan.newest && !plan.finished;
    if (!resumes && options.resume && !plan.remaining.jobs.empty())
        add(unfinished_others(plan.folder.parent_path(), plan.folder.filename(), plan.settings,
                              plan.owners));
}

/// Temporary files of processes that were killed.
void remove_stale(const RunPlan& plan) {
    std::vector<fs::path> outputs = plan.outputs;
    for (const Job& job : plan.catalogue.jobs) {
        // They may have been told to write more.
        for (const fs::path& path : label_paths(job.stem, OutputFormat::both))
            outputs.push_back(path);
        outputs.push_back(picture_path(job.stem));
    }
    std::map<fs::path, std::set<std::string>> names;
    for (const fs::path& path : outputs) names[path.parent_path()].insert(path.filename());
    for (const auto& [folder, of_folder] : names)
        remove_stale_temporaries(folder.empty() ? fs::path(".") : folder, of_folder, plan.owners);
}

/// Journals and spools of attempts that have ended.
void remove_dead_books(const RunPlan& plan) {
    const GuardedFolder folder(plan.folder);
    if (!folder.is_open()) return;
    const RunHistory& history = plan.history;
    for (std::size_t i = 0; i < history.attempts.size(); ++i) {
        if (history.attempts[i].alive) continue;
        const std::string journal = history.attempts[i].journal.filename();
        if (!is_attempt_file(journal, ".journal")) continue;
        folder.remove(history.spools[i], plan.owners);
        const AttemptEvent& start = history.attempts[i].start;
        folder.remove(stop_mark_name(start.attempt, start.rank), plan.owners);
        folder.remove(journal, plan.owners);
    }
}

RunStart start_of(const RunPlan& plan, const RunOptions& options) {
    if (plan.newest && !plan.finished && options.resume) return *plan.newest;
    RunStart wanted;
    wanted.number = plan.newest ? plan.newest->number + 1 : 1;
    wanted.start = start_time();
    wanted.settings = plan.settings;
    wanted.command = options.command;
    return claim_start(plan.folder, wanted, plan.owners);
}

Standing standing_of(const RunPlan& plan, const RunOptions& options) {
    Standing out;
    if (!options.keep_missing) out.empty_frames = missing_frames(plan.catalogue);
    for (const OutputEvent& output : plan.remaining.outputs) {
        ++out.outputs;
        out.frames += output.frames;
        out.cells += output.cells;
        out.empty_frames += output.quarantined;
    }
    out.bad_files = std::ssize(plan.catalogue.bad);
    return out;
}

RunRecord record_of(RunPlan& plan, const RunOptions& options, int ranks) {
    RunRecord out;
    out.id = plan.folder.filename();
    out.folder = plan.folder;
    out.jobs = plan.remaining.jobs;
    out.items = plan.catalogue.items(out.jobs);
    out.inputs = plan.inputs;
    out.standing = standing_of(plan, options);
    for (const FileInfo& file : plan.catalogue.files) out.files.push_back(file.path);
    const bool something = !out.jobs.empty() || !plan.catalogue.bad.empty();
    if (something && !options.output_dir.empty())
        make_folder(options.output_dir, "the output folder");
    if (!plan.history.attempts.empty()) remove_stale(plan);
    out.collects = options.shard.alone() && !plan.catalogue.jobs.empty() &&
                   (!out.jobs.empty() || !collection_stands(plan, options)) &&
                   !options.collect.empty();
    out.owners = plan.owners;
    out.replaces_collection =
        !options.collect.empty() && look_at(options.collect).kind != EntryKind::none;
    if (out.idle()) {
        out.number = plan.newest ? plan.newest->number : 0;
        out.start = plan.newest ? plan.newest->start : start_time();
        return out;
    }
    make_folder(out.home(), "the folder for results");
    if (out.collects && options.collect.has_parent_path())
        make_folder(options.collect.parent_path(), "the folder of the collection", "--collect");
    out.owners = plan.owners = make_books(out.folder, plan.owners);
    if (!options.resume) remove_dead_books(plan);
    const RunStart start = start_of(plan, options);
    out.number = start.number;
    out.start = start.start;
    out.attempt = attempt_name();
    for (int rank = 0; rank < ranks; ++rank) out.spools.push_back(spool_name(out.attempt, rank));
    out.spools.insert(out.spools.end(), plan.history.spools.begin(), plan.history.spools.end());
    return out;
}

}  // namespace

RunPlan plan_run(const RunOptions& options, int own_spools) {
    RunPlan out;
    const ModelSpec spec = find_model(options.model, options.model_dir);
    const Discovery found = discover(options);
    out.catalogue = make_catalogue(found.files, options);
    for (const auto& [file, reason] : found.bad)
        out.catalogue.bad.push_back({file, reason, -1, {}});
    out.notes = found.notes;
    out.notes.insert(out.notes.end(), out.catalogue.notes.begin(), out.catalogue.notes.end());
    out.model = load_model(spec, options.cellpose);
    identify_all(out, options);
    const fs::path home = home_of(options, out.catalogue);
    ChosenBooks books;
    if (!out.catalogue.jobs.empty()) {
        out.settings = settings_of(options, out.model);
        books = choose_books(home, run_id(out.settings), options.share_books);
    }
    out.outputs =
        claim_paths(out.catalogue, options, out.model.info.file, books.folder.parent_path());
    if (out.catalogue.jobs.empty()) return out;
    out.folder = books.folder;
    out.owners = books.owners;
    out.history = read_history(out.folder, {}, out.owners);
    // First of all, for they may tell why a result is taken for a stranger's.
    out.history.notes.insert(out.history.notes.begin(), books.notes.begin(), books.notes.end());
    if (options.retry_quarantined) forgive(out.history);
    if (!options.resume) forget_all(out.history);
    out.remaining = what_remains(out.catalogue, out.inputs, out.history, home, options, own_spools);
    out.newest = newest_start(out.folder, out.owners, &out.notes);
    out.finished = out.newest &&
                   (out.newest->damaged || is_finished(out.folder, out.newest->number, out.owners));
    if (out.newest && out.newest->damaged)
        out.notes.push_back(fmt::format(
            "{}: the books of the last start are damaged; its frames are taken, but results get a "
            "new start time",
            show(out.folder / fmt::format("run-{}.json", out.newest->number))));
    check_collection(out, options);
    note_history(out, options);
    out.notes.insert(out.notes.end(), out.remaining.notes.begin(), out.remaining.notes.end());
    return out;
}

RunStartUp start_together(Communicator& comm, const RunOptions& options) {
    RunStartUp out;
    std::vector<std::byte> message;
    std::optional<StartError> error;
    if (comm.rank() == 0) {
        ByteWriter bytes;
        const SignsOfLife signs([&] { tell_alive(comm); });
        try {
            out.plan = plan_run(options, comm.size());
            out.record = record_of(*out.plan, options, comm.size());
            out.model = std::move(out.plan->model);
            bytes.write(std::uint8_t{1});
            bytes.append(to_bytes(out.record));
        } catch (const Error& stopped) {
            error.emplace(stopped.kind(), stopped.what());
            bytes = {};
            bytes.write(std::uint8_t{0});
            bytes.write(static_cast<std::int32_t>(stopped.kind()));
            bytes.write_text(stopped.what());
        }
        message = bytes.take();
    }
    comm.broadcast(message, 0);
    if (error) throw StartError(error->kind(), error->what());
    if (comm.rank() == 0) return out;
    ByteReader in(message, "start of the run");
    if (in.read<std::uint8_t>() == 0) {
        const auto kind = static_cast<ErrorKind>(in.read<std::int32_t>());
        throw StartError(kind, in.read_text());
    }
    out.record = run_record_from_bytes(in.take(in.left()));
    if (!out.record.idle())
        out.model = load_model(find_model(options.model, options.model_dir), options.cellpose);
    return out;
}

void write_first_lines(Journal& journal, const RunPlan& plan, const RunRecord& run,
                       const RunOptions& options) {
    BookNames names(run.home());
    for (std::size_t i = 0; i < run.jobs.size(); ++i) {
        const Job& job = run.jobs[i];
        const SceneInfo& scene = plan.catalogue.scene(job);
        journal.add(JobEvent{run.scene_name(job.file, job.scene),
                             show(run.files.at(static_cast<std::size_t>(job.file))),
                             names.name_of(job.stem), scene.t, scene.y * scene.x});
    }
    if (options.retry_quarantined) {
        ForgiveEvent event;
        for (const AttemptHistory& attempt : plan.history.attempts)
            event.attempts.push_back(attempt.start.attempt);
        journal.add(event);
    }
    for (const FailedEvent& event : plan.remaining.given_up) journal.add(event);
    journal.sync();
}

}  // namespace cytofleet
