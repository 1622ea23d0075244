// A sheet of frames with their cells outlined: the first look at a result.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "image/image.hpp"
#include "report/png.hpp"

namespace cytofleet {

/// Frames side by side, `columns` in a row, each shrunk (or enlarged) by a whole factor to about
/// `tile` pixels. Grey values between the 1st and 99.8th percentile; each cell has the colour of
/// its label.
class ContactSheet {
  public:
    ContactSheet(std::int64_t columns, std::int64_t tile) : columns_(columns), tile_(tile) {}
    /// `image` and `labels` have one size, the same for all frames.
    void add(const Image& image, const LabelImage& labels, const std::string& caption);
    bool empty() const { return tiles_.empty(); }
    /// As write_png() does.
    void write(const std::filesystem::path& path, const MayReplace& may_replace = {}) const;

  private:
    std::int64_t columns_;
    std::int64_t tile_;
    std::vector<Picture> tiles_;
};

}  // namespace cytofleet
