// Which files a run takes, and what their outputs are called.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/run_options.hpp"

namespace cytofleet {

/// A file name cut as the seed application cuts it: the extension starts at the last dot and takes
/// a preceding ".ome" with it, unless nothing would be left of the name.
struct NameParts {
    std::string stem;
    std::string extension;
};
NameParts split_name(const std::filesystem::path& file);

/// Stands in the names of all outputs, between that of the input and the suffix.
constexpr std::string_view output_mark = "_vSM";

/// True for files this program writes: <name>_vSM<suffix>.ome.tif.
bool is_own_output(const std::filesystem::path& file);

/// Files of a run in natural order of their paths, and one line for each reason why files of
/// folders were left out.
struct Discovery {
    std::vector<std::filesystem::path> files;
    std::vector<std::string> notes;
    /// Links whose targets are not there, and a line for each.
    std::vector<std::pair<std::filesystem::path, std::string>> bad;
};

/// A file named in `inputs` is always taken; a folder's files pass the filters. Throws Error{usage}
/// for an input that is not there or when nothing is left, saying by which filter.
Discovery discover(const RunOptions& options);

/// How an input is opened: one that is named as it is; of a folder, links only if their owner is
/// that of the file, or the user: others could have us read for them what they may not.
ReaderOptions reader_options(const RunOptions& options, const std::filesystem::path& file);

/// Whether the outputs' names leave out the extension of the input's.
enum class NameUse { stem, whole };
/// `<folder>/<stem>[_S01]_vSM<suffix>` without extension. `scene` below 0: the file has only one.
std::filesystem::path output_stem(const std::filesystem::path& input, const RunOptions& options,
                                  std::int64_t scene, NameUse use = NameUse::stem);
std::filesystem::path mask_path(const std::filesystem::path& stem);
std::filesystem::path hdf5_path(const std::filesystem::path& stem);
/// The files with labels that a format means.
std::vector<std::filesystem::path> label_paths(const std::filesystem::path& stem,
                                               OutputFormat format);
std::filesystem::path log_path(const std::filesystem::path& stem);
std::filesystem::path picture_path(const std::filesystem::path& stem);

}  // namespace cytofleet
