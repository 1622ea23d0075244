#include "app/folder_arguments.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/guarded_folder.hpp"
#include "base/text.hpp"

namespace cytofleet {

FolderArguments parse_folder_arguments(const std::string& command,
                                       const std::vector<std::string>& arguments) {
    FolderArguments out;
    bool named = false;
    for (const std::string& argument : arguments) {
        if (argument == "--help" || argument == "-h") {
            out.help = true;
        } else if (argument == "--json" && command != "verify") {
            out.json = true;
        } else if (argument == "--share-books" && command != "doctor") {
            out.share_books = true;
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
    if (is_books_name(out.folder.filename().native())) out.folder = out.folder.parent_path();
    return out;
}

void refuse_folder(const std::filesystem::path& folder) {
    throw Error(ErrorKind::usage,
                fmt::format("{}: is no folder; name the one with the results", show(folder)));
}

FolderArguments folder_arguments(const std::string& command,
                                 const std::vector<std::string>& arguments) {
    FolderArguments out = parse_folder_arguments(command, arguments);
    std::error_code failed;
    if (!out.help && !out.folder.empty() && !std::filesystem::is_directory(out.folder, failed))
        refuse_folder(out.folder);
    return out;
}

}  // namespace cytofleet
