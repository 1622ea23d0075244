// Whose books a run takes where several users write to one folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/owners.hpp"

namespace cytofleet {

struct ChosenBooks {
    std::filesystem::path folder;    ///< of the run; may not be there yet
    Owners owners;                   ///< whose files in it are taken
    std::vector<std::string> notes;  ///< whose books were left alone
};

/// `.cytofleet/<id>` in `home`; where that belongs to another user, `.cytofleet-<own number>/<id>`,
/// unless books are shared. Books that are links are never taken. Throws Error{output} when there
/// is no place left.
ChosenBooks choose_books(const std::filesystem::path& home, const std::string& id, bool share);

/// Makes the folder of a run's books and those above; whose files in it are the run's own. Throws
/// Error{output} naming whose books forbid it.
Owners make_books(const std::filesystem::path& folder, const Owners& owners);

}  // namespace cytofleet
