// Attributes of HDF5 objects: texts and numbers.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/hdf5/handle.hpp"

namespace cytofleet::hdf5 {

/// UTF-8 of fixed length, padded with NUL; `text` holds none.
void write_text(const Calls& calls, hid_t object, const std::string& name, std::string_view text);
std::string read_text(const Calls& calls, hid_t object, const std::string& name);
/// One-dimensional, stored as `stored` (H5T_IEEE_F32LE, ...).
void write_numbers(const Calls& calls, hid_t object, const std::string& name, hid_t stored,
                   std::span<const double> numbers);
/// Nothing where there is no such attribute.
std::optional<std::vector<double>> read_numbers(const Calls& calls, hid_t object,
                                                const std::string& name);
/// Names of the axes, where H5DSget_label and h5py's `dims` look for them.
void write_axis_labels(const Calls& calls, hid_t dataset, std::span<const char* const> labels);
/// In order of bytes.
std::vector<std::string> attribute_names(const Calls& calls, hid_t object);

}  // namespace cytofleet::hdf5
