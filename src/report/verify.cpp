#include "report/verify.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/guarded_folder.hpp"
#include "base/hash.hpp"
#include "base/in_child.hpp"
#include "base/text.hpp"
#include "io/hdf5/hdf5_labels.hpp"
#include "io/reader.hpp"
#include "report/books_in.hpp"
#include "schedule/book_names.hpp"
#include "schedule/history.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

/// Frames and cells of a result, from its pixels.
struct Count {
    std::int64_t frames = 0;
    std::uint64_t cells = 0;
    std::vector<std::string> problems;  ///< a line each, naming the file
};

Count count_in_tiff(const fs::path& path) {
    ReaderOptions options;
    options.route.links = Links::of_owners;
    const auto mask = open_reader(path, options);
    const SceneInfo& scene = mask->info().scenes.front();
    if (scene.type != PixelType::u16 && scene.type != PixelType::u32)
        throw Error(ErrorKind::input, fmt::format("{}: holds no labels", show(path)));
    Count out;
    for (out.frames = 0; out.frames < scene.t; ++out.frames)
        out.cells += labels_of(mask->read({0, out.frames, 0, 0, 0})).cells;
    return out;
}

/// Damage can crash the library that reads it.
Count count_in_hdf5(const fs::path& path) {
    const ChildEnd end = in_child([&] {
        const Hdf5Check found = verify_hdf5(path);
        return nlohmann::json{found.frames, found.cells, found.problems}.dump(
            -1, ' ', true, nlohmann::json::error_handler_t::replace);
    });
    if (!end.problem.empty())
        throw Error(ErrorKind::input, end.problem.starts_with(show(path))
                                          ? end.problem
                                          : fmt::format("{}: {}", show(path), end.problem));
    const auto found = nlohmann::json::parse(end.text);
    return {found.at(0), found.at(1), found.at(2)};
}

bool is_hdf5(const fs::path& path) {
    return path.extension() == ".h5";
}

/// A result as its books tell of it.
struct Written {
    OutputEvent event;  ///< with its scene
    fs::path books;
};

/// Two processes at the same work give one result. Its HDF5 file differs in its bytes, and whose
/// was renamed last is not written down.
bool are_one_result(const Written& a, const Written& b) {
    const auto what = [](const Written& w) {
        return std::tie(w.books, w.event.scene, w.event.frames, w.event.cells, w.event.empty,
                        w.event.quarantined);
    };
    return what(a) == what(b);
}

/// What the file is to be: of all that have had its name the one that was written last. By the
/// clock of the file system, which is one for all runs.
std::vector<OutputEvent> newest_of(const fs::path& path, const std::vector<Written>& written) {
    const Written* newest = &written.front();
    for (const Written& one : written)
        if (one.event.changed >= newest->event.changed) newest = &one;
    std::vector<OutputEvent> out;
    if (is_hdf5(path))
        for (const Written& one : written)
            if (&one != newest && are_one_result(one, *newest)) out.push_back(one.event);
    out.push_back(newest->event);
    return out;
}

void verify(const fs::path& path, const std::vector<Written>& all, Verification& out) {
    const std::vector<OutputEvent> written = newest_of(path, all);
    std::error_code failed;
    const auto bytes = fs::file_size(path, failed);
    if (failed) {
        out.problems.push_back(
            fmt::format("{}: {}; run the same command again", show(path), failed.message()));
        return;
    }
    std::string hash;
    Count count;
    try {
        hash = sha256_of_file(path, {Links::of_owners});
        out.bytes += bytes;
    } catch (const Error& error) {
        out.problems.emplace_back(error.what());
        return;
    }
    const auto is_it = [&](const OutputEvent& event) {
        return event.bytes == bytes && event.sha256 == hash;
    };
    const auto known = std::ranges::find_if(written, is_it);
    if (known == written.end() && std::ranges::any_of(all, is_it, &Written::event)) {
        out.problems.push_back(
            fmt::format("{}: is what an earlier run has written, and not what was written last "
                        "({} bytes, SHA-256 {}); give the command of the last run again",
                        show(path), written.back().bytes, written.back().sha256));
        return;
    }
    if (known == written.end()) {
        out.problems.push_back(fmt::format(
            "{}: is not what was written ({} bytes, SHA-256 {}; it was {} bytes, {}); remove it "
            "and run the same command again",
            show(path), bytes, hash, written.back().bytes, written.back().sha256));
        return;
    }
    if (is_hdf5(path) && !has_hdf5()) {
        out.notes.push_back(
            fmt::format("{}: its cells are not counted again, for this program was built without "
                        "HDF5",
                        show(path)));
        return;
    }
    try {
        count = is_hdf5(path) ? count_in_hdf5(path) : count_in_tiff(path);
    } catch (const Error& error) {
        out.problems.emplace_back(error.what());
        return;
    }
    for (std::string& problem : count.problems) out.problems.push_back(std::move(problem));
    if (!count.problems.empty()) return;
    const bool as_told = std::ranges::any_of(written, [&](const OutputEvent& event) {
        return event.sha256 == hash && event.frames == count.frames && event.cells == count.cells;
    });
    if (!as_told)
        out.problems.push_back(fmt::format(
            "{}: has {} in {}, but its books tell of {} in {}; remove it and its books and run the "
            "same command again",
            show(path), count_of(count.cells, "cell"),
            count_of(static_cast<std::uint64_t>(count.frames), "frame"), known->cells,
            known->frames));
}

/// The books could name any file of the machine: outside their folder only what looks like a result
/// is read, and only when the books are the user's own.
bool may_be_read(const std::string& name, const fs::path& path, const FoundBooks& books) {
    if (BookNames::stays_inside(name)) return true;
    const std::string file = path.filename();
    const bool result = is_hdf5(path) || file.ends_with(".ome.tif");
    return result && !books.owners.everybody && books.owners.self == this_user();
}

}  // namespace

Verification verify_outputs(const fs::path& home, bool share) {
    std::map<std::string, std::vector<Written>> outputs;
    Verification out;
    const BookNames names(home);
    for (const FoundBooks& books : books_in(home, share)) {
        RunHistory history = read_history(books.folder, {}, books.owners);
        out.notes.insert(out.notes.end(), books.notes.begin(), books.notes.end());
        out.notes.insert(out.notes.end(), history.notes.begin(), history.notes.end());
        for (auto& [scene_name, scene] : history.scenes)
            for (OutputEvent& output : scene.outputs) {
                output.scene = scene_name;
                const std::string path = output.path;
                if (may_be_read(path, names.file_of(path), books))
                    outputs[path].push_back({std::move(output), books.folder});
                else
                    out.notes.push_back(fmt::format("{}: lies outside {} and is left out",
                                                    printable(path), show(home)));
            }
    }
    for (const auto& [name, written] : outputs) {
        ++out.outputs;
        verify(names.file_of(name), written, out);
    }
    return out;
}

}  // namespace cytofleet
