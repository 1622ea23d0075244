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
};

/// Reads every output that the books in `home`/.cytofleet tell of and compares it with its recorded
/// checksum. Of a name that several runs have written, the one that is there must be one of theirs.
/// Throws Error{usage} when there are no books.
Verification verify_outputs(const std::filesystem::path& home);

}  // namespace cytofleet
