#include "io/hdf5/attributes.hpp"

#include <algorithm>

namespace cytofleet::hdf5 {
namespace {

constexpr const char* unwritable = "cannot be written";
constexpr const char* unreadable = "cannot be read";
constexpr std::size_t longest_text = std::size_t{1} << 30;
constexpr hssize_t most_numbers = 1000;

Handle create(const Calls& calls, hid_t object, const std::string& name, hid_t type, hid_t space) {
    const Handle options = calls.keep(H5Pcreate(H5P_ATTRIBUTE_CREATE), H5Pclose, unwritable);
    calls.ok(H5Pset_char_encoding(options.id(), H5T_CSET_UTF8), unwritable);
    return calls.keep(H5Acreate2(object, name.c_str(), type, space, options.id(), H5P_DEFAULT),
                      H5Aclose, unwritable);
}

Handle open(const Calls& calls, hid_t object, const std::string& name) {
    return calls.keep(H5Aopen(object, name.c_str(), H5P_DEFAULT), H5Aclose, unreadable);
}

void write(const Calls& calls, Handle attribute, hid_t type, const void* values) {
    calls.ok(H5Awrite(attribute.id(), type, values), unwritable);
    calls.ok(attribute.close(), unwritable);
}

}  // namespace

void write_text(const Calls& calls, hid_t object, const std::string& name, std::string_view text) {
    std::string padded(text);
    if (padded.empty()) padded.resize(1);
    const Handle type = calls.keep(H5Tcopy(H5T_C_S1), H5Tclose, unwritable);
    calls.ok(H5Tset_size(type.id(), padded.size()), unwritable);
    calls.ok(H5Tset_strpad(type.id(), H5T_STR_NULLPAD), unwritable);
    calls.ok(H5Tset_cset(type.id(), H5T_CSET_UTF8), unwritable);
    const Handle space = calls.keep(H5Screate(H5S_SCALAR), H5Sclose, unwritable);
    write(calls, create(calls, object, name, type.id(), space.id()), type.id(), padded.data());
}

std::string read_text(const Calls& calls, hid_t object, const std::string& name) {
    const Handle attribute = open(calls, object, name);
    const Handle type = calls.keep(H5Aget_type(attribute.id()), H5Tclose, unreadable);
    const Handle space = calls.keep(H5Aget_space(attribute.id()), H5Sclose, unreadable);
    const std::size_t size = H5Tget_size(type.id());
    if (H5Tget_class(type.id()) != H5T_STRING || H5Tis_variable_str(type.id()) != 0 || size == 0 ||
        size > longest_text || H5Sget_simple_extent_npoints(space.id()) != 1)
        calls.refuse("the attribute " + name + " is not as it was written; write the file again");
    std::string text(size, '\0');
    calls.ok(H5Aread(attribute.id(), type.id(), text.data()), unreadable);
    text.resize(text.find_last_not_of('\0') + 1);
    return text;
}

void write_numbers(const Calls& calls, hid_t object, const std::string& name, hid_t stored,
                   std::span<const double> numbers) {
    const hsize_t count = numbers.size();
    const Handle space = calls.keep(H5Screate_simple(1, &count, nullptr), H5Sclose, unwritable);
    write(calls, create(calls, object, name, stored, space.id()), H5T_NATIVE_DOUBLE,
          numbers.data());
}

std::optional<std::vector<double>> read_numbers(const Calls& calls, hid_t object,
                                                const std::string& name) {
    const htri_t there = H5Aexists(object, name.c_str());
    calls.ok(there, unreadable);
    if (there == 0) return std::nullopt;
    const Handle attribute = open(calls, object, name);
    const Handle space = calls.keep(H5Aget_space(attribute.id()), H5Sclose, unreadable);
    const hssize_t count = H5Sget_simple_extent_npoints(space.id());
    if (count < 0 || count > most_numbers)
        calls.refuse("the attribute " + name + " is not as it was written; write the file again");
    std::vector<double> numbers(static_cast<std::size_t>(count));
    calls.ok(H5Aread(attribute.id(), H5T_NATIVE_DOUBLE, numbers.data()), unreadable);
    return numbers;
}

void write_axis_labels(const Calls& calls, hid_t dataset, std::span<const char* const> labels) {
    const hsize_t count = labels.size();
    const Handle type = calls.keep(H5Tcopy(H5T_C_S1), H5Tclose, unwritable);
    calls.ok(H5Tset_size(type.id(), H5T_VARIABLE), unwritable);
    const Handle space = calls.keep(H5Screate_simple(1, &count, nullptr), H5Sclose, unwritable);
    write(calls, create(calls, dataset, "DIMENSION_LABELS", type.id(), space.id()), type.id(),
          labels.data());
}

std::vector<std::string> attribute_names(const Calls& calls, hid_t object) {
    H5O_info_t info;
    calls.ok(H5Oget_info2(object, &info, H5O_INFO_NUM_ATTRS), unreadable);
    std::vector<std::string> names;
    for (hsize_t i = 0; i < info.num_attrs; ++i) {
        const auto name_of = [&](char* out, std::size_t room) {
            return H5Aget_name_by_idx(object, ".", H5_INDEX_NAME, H5_ITER_INC, i, out, room,
                                      H5P_DEFAULT);
        };
        const ssize_t length = name_of(nullptr, 0);
        if (length < 0) calls.fail(unreadable);
        std::string name(static_cast<std::size_t>(length) + 1, '\0');
        if (name_of(name.data(), name.size()) < 0) calls.fail(unreadable);
        name.pop_back();
        names.push_back(std::move(name));
    }
    std::ranges::sort(names);
    return names;
}

}  // namespace cytofleet::hdf5
