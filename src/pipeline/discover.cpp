#include "pipeline/discover.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/guarded_folder.hpp"
#include "base/sign_of_life.hpp"
#include "base/text.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

bool holds_any(const std::string& name, const std::vector<std::string>& parts) {
    return std::ranges::any_of(
        parts, [&](const std::string& part) { return name.find(part) != std::string::npos; });
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
    return fmt::format("{}", fmt::join(parts, separator));
}

/// Named as Cellpose names its results, which it leaves out itself (io.get_image_files), and those
/// that its programs save beside them.
bool is_of_cellpose(const fs::path& file) {
    constexpr std::array<std::string_view, 7> ends = {
        "_masks", "_flows", "_cp_output", "_cellprob", "_dP", "_cp_outlines", "_outlines"};
    const std::string stem = split_name(file).stem;
    return std::ranges::any_of(
        ends, [&](auto end) { return stem.size() > end.size() && stem.ends_with(end); });
}

/// Why a link leads nowhere; empty when it leads to something, or is none.
std::string dangling(const fs::path& file) {
    std::error_code failed;
    if (!fs::is_symlink(file, failed) || fs::exists(file, failed)) return {};
    const std::string why = failed && failed != std::errc::no_such_file_or_directory
                                ? failed.message()
                                : "which is not there";
    return fmt::format(
        "{}: is a link to {} ({}): fetch the file (git annex get, datalad get), or have its disk "
        "mounted on this machine",
        show(file), show(fs::read_symlink(file, failed)), why);
}

/// Why a folder's file is left out; empty when it is taken. `wanted`: it is an image at all.
std::string reason_to_skip(const fs::path& file, const RunOptions& options) {
    const std::string name = file.filename().string();
    const std::string extension = lower(split_name(file).extension);
    const bool known = options.extensions.empty() ||
                       std::ranges::any_of(options.extensions, [&](const std::string& wanted) {
                           return lower(wanted) == extension;
                       });
    if (!known) return "with another extension than " + join(options.extensions, " ");
    if (name.starts_with("._")) return "that macOS left behind (._ names)";
    if (is_of_cellpose(file))
        return "that Cellpose has written (_masks, _flows, ...; name such a file to take it)";
    if (is_own_output(file)) return "written by an earlier run (_vSM)";
    if (!options.include.empty() && !holds_any(name, options.include))
        return fmt::format("without {} in the name (--include)", join(options.include, " or "));
    if (holds_any(name, options.exclude))
        return fmt::format("with {} in the name (--exclude)", join(options.exclude, " or "));
    return {};
}

class Folder {
  public:
    Folder(const RunOptions& options, std::map<std::string, std::uint64_t>& skipped)
        : options_(options), skipped_(skipped) {}

    void scan(const fs::path& folder, Discovery& found) const {
        std::error_code failed;
        for (fs::directory_iterator it(folder, failed), end; !failed && it != end;
             it.increment(failed)) {
            give_sign_of_life();
            const fs::path& entry = it->path();
            std::error_code unreadable;
            if (fs::is_directory(entry, unreadable)) {
                if (options_.recursive && !is_books_name(entry.filename().native()) &&
                    !it->is_symlink(unreadable))
                    scan(entry, found);
                continue;
            }
            std::string reason = reason_to_skip(entry, options_);
            if (!fs::is_regular_file(entry, unreadable)) {
                if (std::string why = dangling(entry); !why.empty() && reason.empty())
                    found.bad.emplace_back(entry, std::move(why));
                continue;
            }
            if (reason.empty() && it->is_symlink(unreadable) && !follows(entry))
                reason =
                    "that are links another user has made than the one whose file they lead to "
                    "(name such a file to take it)";
            if (reason.empty())
                found.files.push_back(entry);
            else
                ++skipped_[reason];
        }
        if (failed)
            throw Error(ErrorKind::input, fmt::format("{}: cannot be listed ({}); check the "
                                                      "permissions",
                                                      show(folder), failed.message()));
    }

  private:
    const RunOptions& options_;
    std::map<std::string, std::uint64_t>& skipped_;
};

}  // namespace

NameParts split_name(const fs::path& file) {
    const std::string name = file.filename().string();
    const auto dot = name.rfind('.');
    if (dot == std::string::npos || dot == 0) return {name, ""};
    NameParts parts{name.substr(0, dot), name.substr(dot)};
    if (parts.stem.size() > 4 && lower(parts.stem).ends_with(".ome")) {
        parts.extension = parts.stem.substr(parts.stem.size() - 4) + parts.extension;
        parts.stem.resize(parts.stem.size() - 4);
    }
    return parts;
}

bool is_own_output(const fs::path& file) {
    const NameParts parts = split_name(file);
    if (lower(parts.extension) != ".ome.tif") return false;
    const auto mark = parts.stem.rfind(output_mark);
    return mark != std::string::npos &&
           std::ranges::all_of(parts.stem.substr(mark + output_mark.size()), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-';
           });
}

Discovery discover(const RunOptions& options) {
    if (options.inputs.empty())
        throw Error(ErrorKind::usage, "no input: name files or folders to segment");
    Discovery out;
    std::map<std::string, std::uint64_t> skipped;
    const Folder folder(options, skipped);
    for (const fs::path& input : options.inputs) {
        std::error_code failed;
        if (fs::is_directory(input, failed))
            folder.scan(input, out);
        else if (fs::exists(input, failed))
            out.files.push_back(input);
        else if (std::string why = dangling(input); !why.empty())
            out.bad.emplace_back(input, std::move(why));
        else
            throw Error(ErrorKind::usage,
                        fmt::format("{}: no such file or folder; check the name", show(input)));
    }
    std::ranges::sort(out.files, [](const fs::path& a, const fs::path& b) {
        return natural_less(a.native(), b.native());
    });
    std::set<fs::path> seen;
    std::erase_if(out.files, [&](const fs::path& file) {
        return !seen.insert(file.lexically_normal()).second;
    });
    for (const auto& [reason, count] : skipped)
        out.notes.push_back(fmt::format("left out {} {}", count_of(count, "file"), reason));
    std::vector<std::string> names;
    for (const fs::path& input : options.inputs) names.push_back(show(input));
    if (out.files.empty() && out.bad.empty())
        throw Error(ErrorKind::usage,
                    fmt::format("no file to segment in {}{}", join(names, ", "),
                                out.notes.empty()
                                    ? ": the folder is empty (--recursive looks into subfolders)"
                                    : ": " + join(out.notes, "; ")));
    return out;
}

ReaderOptions reader_options(const RunOptions& options, const fs::path& file) {
    ReaderOptions out = options.reader;
    if (std::ranges::find(options.inputs, file) != options.inputs.end()) return out;
    out.route.links = Links::of_owners;
    for (const fs::path& input : options.inputs) {
        const fs::path way = file.lexically_relative(input);
        const bool inside = !way.empty() && *way.begin() != "..";
        // Of folders that both hold it, the one named later on the way was named to be followed.
        if (inside && input.native().size() > out.route.below.native().size())
            out.route.below = input;
    }
    return out;
}

fs::path output_stem(const fs::path& input, const RunOptions& options, std::int64_t scene,
                     NameUse use) {
    const fs::path folder = !options.output_dir.empty() ? options.output_dir
                            : input.has_parent_path()   ? input.parent_path()
                                                        : fs::path(".");
    std::string name = use == NameUse::stem ? split_name(input).stem : input.filename().native();
    if (scene >= 0) name += fmt::format("_S{:02}", scene + 1);
    return folder / fmt::format("{}{}{}", name, output_mark, options.suffix);
}

fs::path mask_path(const fs::path& stem) {
    return fs::path(stem) += ".ome.tif";
}
fs::path hdf5_path(const fs::path& stem) {
    return fs::path(stem) += ".h5";
}

std::vector<fs::path> label_paths(const fs::path& stem, OutputFormat format) {
    std::vector<fs::path> out;
    if (format != OutputFormat::hdf5) out.push_back(mask_path(stem));
    if (format != OutputFormat::tiff) out.push_back(hdf5_path(stem));
    return out;
}

fs::path log_path(const fs::path& stem) {
    return fs::path(stem) += ".log";
}
fs::path picture_path(const fs::path& stem) {
    return fs::path(stem) += ".png";
}

}  // namespace cytofleet
