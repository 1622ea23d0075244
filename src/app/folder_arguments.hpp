// The arguments of commands that look at a folder of results.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace cytofleet {

struct FolderArguments {
    std::filesystem::path folder = ".";
    bool json = false;
    bool share_books = false;
    bool help = false;
};

/// Throws Error{usage}, also when the folder is not there. `command`: whose they are.
FolderArguments folder_arguments(const std::string& command,
                                 const std::vector<std::string>& arguments);
/// The same, but leaves it to the caller to ask whether the folder is there.
FolderArguments parse_folder_arguments(const std::string& command,
                                       const std::vector<std::string>& arguments);
/// Throws Error{usage}: there is no such folder.
[[noreturn]] void refuse_folder(const std::filesystem::path& folder);

}  // namespace cytofleet
