// The books that lie in a folder of results, whoever they belong to.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/owners.hpp"
#include "schedule/run_folder.hpp"

namespace cytofleet {

struct FoundBooks {
    std::filesystem::path folder;  ///< of one run
    Owners owners;                 ///< whose files in it count: the folder's owner's, or all
    RunStart start;
    std::vector<std::string> notes;  ///< whose they are, and what was left out
};

/// Of `home`/.cytofleet and, of further users, .cytofleet-<number>. `share`: files of others in
/// them count too. Throws Error{usage} when there are none, naming those that cannot be looked at.
std::vector<FoundBooks> books_in(const std::filesystem::path& home, bool share);

}  // namespace cytofleet
