// Reads the OME-XML of an OME-TIFF file or of a companion file.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/file_info.hpp"

namespace cytofleet {

/// One TiffData element: planes of `file` from `ifd` on fill the image from (t, c, z) on, in
/// dimension order.
struct OmeTiffData {
    std::int64_t ifd = 0;
    std::int64_t planes = 0;  ///< 0: as many as the file has
    std::int64_t t = 0;
    std::int64_t c = 0;
    std::int64_t z = 0;
    std::string uuid;       ///< empty: the file that holds the XML
    std::string file_name;  ///< of the UUID element; may be empty
};

/// One Image element.
struct OmeImage {
    std::string name;
    std::string axes;  ///< of the planes, slowest first: "TCZ"
    std::int64_t t = 1;
    std::int64_t c = 1;  ///< SizeC: channels times samples
    std::int64_t z = 1;
    std::int64_t y = 0;
    std::int64_t x = 0;
    std::int64_t samples = 1;  ///< SamplesPerPixel of the first channel
    PixelSize pixel_size;
    std::vector<std::string> channel_names;  ///< name, else id, of every Channel element
    std::optional<double> time_increment;    ///< seconds
    std::map<std::int64_t, double> times;    ///< seconds of the first plane of each T that says so
    std::optional<std::string> acquired;
    std::vector<OmeTiffData> data;
};

struct OmeDocument {
    std::string uuid;
    std::string metadata_file;  ///< not empty: the XML is in this file (BinaryOnly)
    std::vector<OmeImage> images;
    std::vector<std::string> vlab_annotations;  ///< texts of namespace "VLabApp", in file order
};

/// True when the text looks like OME-XML; says nothing about its health.
bool is_ome_xml(std::string_view text);

/// Throws Error{input} with `name` when the XML is damaged or its numbers are absurd. All schemas
/// from 2003-FC on.
OmeDocument parse_ome_xml(std::string_view xml, const std::string& name);

}  // namespace cytofleet
