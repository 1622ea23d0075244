// Whether the outputs of a folder's runs are what was written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace cytofleet {

struct Verification {
    std::int64_t outputs = 0;
    std::uint64_t bytes = 0;            ///< read
    std::vector<std::string> problems;  ///< a line each, naming the file
    std::vector<std::string> notes;     ///< whose books they are, and what was left out
};

/// Reads every output that the books in `home` tell of, compares it with its recorded checksum,
/// unpacks its planes and counts their cells. Of a name that several runs have written, it must be
/// what was written last. `share`: what others than the books' owners wrote there
/// counts too. Throws Error{usage} when there are no books.
Verification verify_outputs(const std::filesystem::path& home, bool share = false);

}  // namespace cytofleet
