// Scenes of an OME-TIFF file or set of files.
#pragma once

#include <filesystem>
#include <vector>

#include "image/file_info.hpp"
#include "io/tiff/ome_xml.hpp"
#include "io/tiff/tiff_file.hpp"
#include "io/tiff/tiff_scene.hpp"

namespace cytofleet {

/// The scenes and the files their PageRefs count.
struct OmeSet {
    std::vector<std::filesystem::path> files;
    std::vector<TiffScene> scenes;
    std::string compression;  ///< of the first page found
    std::vector<std::string> warnings;
};

/// Places the pages that `document` names. `folder` is where the other files of the set lie;
/// `given` is the open TIFF file the document came with, or null when it is a companion file;
/// `links`: how it was opened. Other files that are links are followed by their owners only. A
/// plane in no file is missing and makes a warning; Error{input} when no plane is there or the
/// pages contradict the XML.
OmeSet ome_scenes(const OmeDocument& document, const std::filesystem::path& path,
                  const TiffFile* given, const Route& route);

}  // namespace cytofleet
