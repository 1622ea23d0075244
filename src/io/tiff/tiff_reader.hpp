// The Reader of everything TIFF: OME, ImageJ, shaped, MetaMorph and plain.
#pragma once

#include <filesystem>
#include <memory>

#include "io/reader.hpp"

namespace cytofleet {

/// True when the file begins as a TIFF file does.
bool is_tiff(const std::filesystem::path& path, const Route& route);
/// True for OME-XML in a file of its own, which names the TIFF files of a set.
bool is_ome_companion(const std::filesystem::path& path, const Route& route);

/// See open_reader.
std::unique_ptr<Reader> open_tiff(const std::filesystem::path& path, const ReaderOptions& options);
std::unique_ptr<Reader> open_ome_companion(const std::filesystem::path& path,
                                           const ReaderOptions& options);

}  // namespace cytofleet
