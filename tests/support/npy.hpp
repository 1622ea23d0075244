// Reads the .npy files of the golden data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace cytofleet::test {

/// A numpy array, C-ordered, little-endian. `type` is numpy's code: "f4", "u2", "f2", "f8", "u1",
/// "i8".
struct Npy {
    std::string type;
    std::vector<std::int64_t> shape;
    std::vector<std::byte> bytes;
    std::int64_t count() const;
    /// Every element converted (float16 widened exactly).
    std::vector<float> floats() const;
    std::vector<double> doubles() const;
    std::vector<std::uint32_t> labels() const;
};

/// Throws std::runtime_error naming the file. Understands version 1.0, and .npy.gz.
Npy load_npy(const std::filesystem::path& path);

}  // namespace cytofleet::test
