// Keeps the file of the last unit open: consecutive units mostly share it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "io/reader.hpp"
#include "pipeline/discover.hpp"

namespace cytofleet {

class OpenFile {
  public:
    OpenFile(const std::vector<std::filesystem::path>& files, const RunOptions& options)
        : files_(files), options_(options) {}

    /// `file`: its number among `files`. Throws what open_reader() throws.
    Reader& get(std::int64_t file) {
        if (file != number_ || !reader_) {
            reader_.reset();
            const auto& path = files_.at(static_cast<std::size_t>(file));
            reader_ = open_reader(path, reader_options(options_, path));
            number_ = file;
        }
        return *reader_;
    }

  private:
    const std::vector<std::filesystem::path>& files_;
    const RunOptions& options_;
    std::int64_t number_ = -1;
    std::unique_ptr<Reader> reader_;
};

}  // namespace cytofleet
