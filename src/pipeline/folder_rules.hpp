// What the file system of a folder makes of names.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace cytofleet {

/// `folder`, or the nearest one above it that is there. Of a path in full.
std::filesystem::path nearest_folder(std::filesystem::path folder);
/// It takes `a` and `A` for one name. Nothing is written to find out: the folder's flag tells where
/// there is one, else what a name that is there leads to when its letters change their case.
bool ignores_case(const std::filesystem::path& folder);
/// A name as such a file system compares it: letters of all scripts in lower case.
std::string without_case(const std::string& name);
/// Bytes that a name may have in `folder`, which need not be there yet.
std::size_t longest_name(const std::filesystem::path& folder);

}  // namespace cytofleet
