// Inputs that are files of one set: the set is segmented once, whichever of its files were named.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "image/file_info.hpp"

namespace cytofleet {

class SetParts {
  public:
    /// The file belongs to a set that was opened already; it need not be opened again.
    bool holds(const std::filesystem::path& file);
    void opened(const FileInfo& info);
    /// Removes what is all part of another one's set; of equal sets the first one stays.
    void leave_one_of_each(std::vector<FileInfo>& files);
    /// One line for each set of several files that were among the inputs.
    std::vector<std::string> notes() const;

  private:
    std::map<std::filesystem::path, std::filesystem::path> owners_;  ///< file to its set's input
    std::map<std::filesystem::path, std::vector<std::filesystem::path>> parts_;
};

}  // namespace cytofleet
