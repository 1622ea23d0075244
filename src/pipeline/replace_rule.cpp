#include "pipeline/replace_rule.hpp"

#include <string>

#include "base/guarded_folder.hpp"
#include "base/text.hpp"
#include "pipeline/resume.hpp"
#include "pipeline/run_log.hpp"
#include "schedule/history.hpp"

namespace cytofleet {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view own_mark = " (cytofleet - segmentation module) [";

/// Its first lines, which name the input: the longest path, each byte as \\xNN, is in them.
std::string start_of_log(const fs::path& path) {
    constexpr std::size_t first_lines = 20'000;
    const Descriptor file(open_regular(path, {Links::none}));
    return file ? read_up_to(file.number(), first_lines) : std::string();
}

}  // namespace

MayReplace result_rule(const RunOptions& options, const RunRecord& run, bool was_there) {
    if (options.existing == Existing::overwrite || was_there) return {};
    return [folder = run.folder, home = run.home(), owners = run.owners](const fs::path& path) {
        const RunHistory history = read_history(folder, {}, owners);
        BookNames names(home);
        for (const auto& [name, scene] : history.scenes)
            if (is_written(scene, path, names)) return true;
        return false;
    };
}

MayReplace log_rule(const RunOptions& options) {
    if (options.existing == Existing::overwrite) return {};
    return is_own_log;
}

bool is_own_log(const fs::path& path) {
    return start_of_log(path).find(own_mark) != std::string::npos;
}

bool is_log_of_another(const fs::path& path, const fs::path& input, const RunOptions& options) {
    const std::string text = start_of_log(path);
    if (text.find(own_mark) == std::string::npos) return false;
    const auto line = text.find(log_input_mark);
    if (line == std::string::npos) return true;
    const auto from = line + log_input_mark.size();
    const fs::path told = text.substr(from, text.find('\n', from) - from);
    // Beside the inputs the name is enough, from wherever the run was started.
    return options.output_dir.empty() ? told.filename() != show(input.filename())
                                      : told != show(input);
}

}  // namespace cytofleet
