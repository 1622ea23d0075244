// Opens an input file of any known format and reads it plane by plane.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/guarded_folder.hpp"
#include "image/file_info.hpp"

namespace cytofleet {

struct ReaderOptions {
    /// What the axes of every file are, whatever it says (parse_axes). Empty: what it says; pages
    /// that it does not name are time points.
    std::string axes = {};
    /// To the file itself. Members of its set that are links are only followed when their owners
    /// are those of the files, or the user.
    Route route = {};
};

/// One open file. Not safe for use by two threads at once; memory does not grow with the number of
/// planes.
class Reader {
  public:
    virtual ~Reader() = default;
    virtual const FileInfo& info() const = 0;
    /// False for a plane that is announced but not in the file (or in a missing file of a set).
    virtual bool present(const PlaneId& /*plane*/) const { return true; }
    /// One plane in the file's own type. Throws Error{input} naming file and plane when it is cut,
    /// broken or not present.
    virtual Image read(const PlaneId& plane) = 0;
};

/// Reads the headers and checks them against the file's length. Throws Error{input}, one line.
std::unique_ptr<Reader> open_reader(const std::filesystem::path& path,
                                    const ReaderOptions& options = {});

}  // namespace cytofleet
