#include "app/folder_arguments.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace cytofleet {

FolderArguments folder_arguments(const std::string& command,
                                 const std::vector<std::string>& arguments) {
    FolderArguments out;
    bool named = false;
    for (const std::string& argument : arguments) {
        if (argument == "--help" || argument == "-h") {
            out.help = true;
        } else if (argument == "--json" && command != "verify") {
            out.json = true;
        } else if (argument.starts_with("-") || named) {
            throw Error(ErrorKind::usage,
                        fmt::format("{} is one argument too many; see cytofleet {} --help",
                                    printable(argument), command));
        } else {
            out.folder = argument;
            named = true;
        }
    }
    // The books themselves may be named too.
    if (out.folder.filename() == ".cytofleet") out.folder = out.folder.parent_path();
    std::error_code failed;
    if (!out.help && !out.folder.empty() && !std::filesystem::is_directory(out.folder, failed))
        throw Error(ErrorKind::usage, fmt::format("{}: is no folder; name the one with the results",
                                                  show(out.folder)));
    return out;
}

}  // namespace cytofleet
