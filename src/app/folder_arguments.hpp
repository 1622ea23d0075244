// The arguments of commands that look at a folder of results.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace cytofleet {

struct FolderArguments {
    std::filesystem::path folder = ".";
    bool json = false;
    bool help = false;
};

/// Throws Error{usage}. `command`: whose they are.
FolderArguments folder_arguments(const std::string& command,
                                 const std::vector<std::string>& arguments);

}  // namespace cytofleet
