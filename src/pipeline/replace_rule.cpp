#include "pipeline/replace_rule.hpp"

#include "pipeline/resume.hpp"
#include "schedule/history.hpp"

namespace cytofleet {

namespace fs = std::filesystem;

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
    const Descriptor file(open_regular(path, {Links::none}));
    constexpr std::size_t first_line = 4096;
    return file &&
           read_up_to(file.number(), first_line).find(" (cytofleet - segmentation module) [") !=
               std::string::npos;
}

}  // namespace cytofleet
