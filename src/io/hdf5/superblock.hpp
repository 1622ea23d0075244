// The first bytes of an HDF5 file, looked at before HDF5 does.
#pragma once

#include <filesystem>

namespace cytofleet::hdf5 {

/// Throws Error{input} unless `path` is a regular file that starts as ours do and is as long as it
/// says (HDF5 1.10 is known to crash on what is not).
void check_superblock(const std::filesystem::path& path);

}  // namespace cytofleet::hdf5
