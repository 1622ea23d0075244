// Label files as HDF5 itself sees them: nothing of ours in between.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace cytofleet::test {

struct PlainLabels {
    std::array<std::int64_t, 3> size{};  ///< T Y X
    std::array<std::int64_t, 3> chunk{};
    std::size_t pixel_bytes = 0;
    std::vector<int> filters;  ///< H5Z_FILTER_..., in order
    std::vector<std::uint32_t> pixels;
};

/// `dataset` is "/labels" or "/GROUP/labels". All functions throw std::runtime_error on failure.
PlainLabels read_plain(const std::filesystem::path& path, const std::string& dataset);
std::string read_plain_text(const std::filesystem::path& path, const std::string& object,
                            const std::string& attribute);
std::vector<double> read_plain_numbers(const std::filesystem::path& path, const std::string& object,
                                       const std::string& attribute);
std::vector<std::uint64_t> read_plain_table(const std::filesystem::path& path,
                                            const std::string& dataset);
std::vector<std::string> read_plain_texts(const std::filesystem::path& path,
                                          const std::string& dataset);
/// Whether the object notes when it was made.
bool has_times(const std::filesystem::path& path, const std::string& object);
/// Replaces one element, given by its place in the flat dataset.
void change_plain(const std::filesystem::path& path, const std::string& dataset,
                  std::vector<std::uint64_t> place, std::uint64_t value);
/// An HDF5 file that is none of ours.
void write_other_file(const std::filesystem::path& path);

}  // namespace cytofleet::test
