#include <algorithm>
#include <limits>

#include "io/hdf5/attributes.hpp"
#include "io/hdf5/scene_content.hpp"

namespace cytofleet::hdf5 {
namespace {

constexpr const char* unwritable = "cannot be written";
constexpr const char* unreadable = "cannot be read";
constexpr unsigned deflate_level = 4;
constexpr hsize_t most_chunk_bytes = hsize_t{1} << 30;  // HDF5 takes less than 4 GiB
constexpr const char* element_size_attribute = "element_size_um";
constexpr const char* interval_attribute = "time_interval_s";
constexpr const char* times_name = "time";
constexpr std::int64_t largest_side = std::int64_t{1} << 31;

Handle deflated(const Calls& calls, std::span<const hsize_t> chunk, bool shuffle) {
    Handle options = without_times(calls, H5P_DATASET_CREATE);
    calls.ok(H5Pset_chunk(options.id(), static_cast<int>(chunk.size()), chunk.data()), unwritable);
    if (shuffle) calls.ok(H5Pset_shuffle(options.id()), unwritable);
    calls.ok(H5Pset_deflate(options.id(), deflate_level), unwritable);
    return options;
}

Handle create_dataset(const Calls& calls, hid_t group, const char* name, hid_t type,
                      std::span<const hsize_t> size, hid_t options) {
    const Handle space =
        calls.keep(H5Screate_simple(static_cast<int>(size.size()), size.data(), nullptr), H5Sclose,
                   unwritable);
    return calls.keep(H5Dcreate2(group, name, type, space.id(), H5P_DEFAULT, options, H5P_DEFAULT),
                      H5Dclose, unwritable);
}

/// One value for each plane.
void write_table(const Calls& calls, hid_t group, const char* name, hid_t stored, hid_t memory,
                 hsize_t count, const void* values, hid_t options) {
    Handle dataset = create_dataset(calls, group, name, stored, std::span(&count, 1), options);
    calls.ok(H5Dwrite(dataset.id(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), unwritable);
    calls.ok(dataset.close(), unwritable);
}

Handle open_table(const Calls& calls, hid_t group, const char* name, std::size_t count) {
    Handle dataset = calls.keep(H5Dopen2(group, name, H5P_DEFAULT), H5Dclose, unreadable);
    const Handle space = calls.keep(H5Dget_space(dataset.id()), H5Sclose, unreadable);
    if (H5Sget_simple_extent_ndims(space.id()) != 1 ||
        H5Sget_simple_extent_npoints(space.id()) != static_cast<hssize_t>(count))
        calls.refuse(std::string("planes/") + name +
                     " has not one value for each frame; write the file again");
    return dataset;
}

template <typename T>
std::vector<T> read_table(const Calls& calls, hid_t group, const char* name, hid_t memory,
                          std::size_t count) {
    const Handle dataset = open_table(calls, group, name, count);
    std::vector<T> values(count);
    calls.ok(H5Dread(dataset.id(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
             unreadable);
    return values;
}

Handle state_type(const Calls& calls) {
    Handle type = calls.keep(H5Tenum_create(H5T_STD_U8LE), H5Tclose, unwritable);
    std::uint8_t value = 0;
    for (const char* name : {"done", "missing", "quarantined"}) {
        calls.ok(H5Tenum_insert(type.id(), name, &value), unwritable);
        ++value;
    }
    return type;
}

/// Fixed length: those of variable length lie in heaps, one more thing that can be damaged.
Handle reason_type(const Calls& calls, std::size_t length) {
    Handle type = calls.keep(H5Tcopy(H5T_C_S1), H5Tclose, unwritable);
    calls.ok(H5Tset_size(type.id(), length), unwritable);
    calls.ok(H5Tset_strpad(type.id(), H5T_STR_NULLPAD), unwritable);
    calls.ok(H5Tset_cset(type.id(), H5T_CSET_UTF8), unwritable);
    return type;
}

void write_reasons(const Calls& calls, hid_t group, const std::vector<Hdf5Plane>& planes) {
    std::size_t length = 1;
    for (const auto& plane : planes) length = std::max(length, plane.reason.size());
    std::string text(planes.size() * length, '\0');
    for (std::size_t i = 0; i < planes.size(); ++i)
        std::ranges::copy(planes[i].reason, text.begin() + static_cast<std::ptrdiff_t>(i * length));
    const Handle type = reason_type(calls, length);
    const hsize_t chunk = std::min<hsize_t>(planes.size(), 4096);
    const Handle options = deflated(calls, std::span(&chunk, 1), false);
    write_table(calls, group, "reason", type.id(), type.id(), planes.size(), text.data(),
                options.id());
}

void read_reasons(const Calls& calls, hid_t group, std::vector<Hdf5Plane>& planes) {
    const Handle dataset = open_table(calls, group, "reason", planes.size());
    const Handle type = calls.keep(H5Dget_type(dataset.id()), H5Tclose, unreadable);
    const std::size_t length = H5Tget_size(type.id());
    if (H5Tget_class(type.id()) != H5T_STRING || H5Tis_variable_str(type.id()) != 0 ||
        length == 0 || length > 255)
        calls.refuse("planes/reason holds no texts as they were written; write the file again");
    std::string text(planes.size() * length, '\0');
    calls.ok(H5Dread(dataset.id(), type.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, text.data()),
             unreadable);
    for (std::size_t i = 0; i < planes.size(); ++i) {
        planes[i].reason = text.substr(i * length, length);
        planes[i].reason.resize(planes[i].reason.find_last_not_of('\0') + 1);
    }
}

void write_times(const Calls& calls, hid_t group, const std::vector<double>& seconds) {
    const hsize_t count = seconds.size();
    Handle dataset = create_dataset(calls, group, times_name, H5T_IEEE_F64LE, std::span(&count, 1),
                                    without_times(calls, H5P_DATASET_CREATE).id());
    calls.ok(
        H5Dwrite(dataset.id(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, seconds.data()),
        unwritable);
    write_text(calls, dataset.id(), "unit", "s");
    calls.ok(dataset.close(), unwritable);
}

/// Sizes and type of `labels`.
void read_shape(const Calls& calls, hid_t dataset, SceneContent& content) {
    const Handle space = calls.keep(H5Dget_space(dataset), H5Sclose, unreadable);
    const Handle type = calls.keep(H5Dget_type(dataset), H5Tclose, unreadable);
    std::array<hsize_t, 3> size{};
    const bool narrow = H5Tequal(type.id(), H5T_STD_U16LE) > 0;
    content.wide = H5Tequal(type.id(), H5T_STD_U32LE) > 0;
    if (H5Sget_simple_extent_ndims(space.id()) != 3 || narrow == content.wide ||
        H5Sget_simple_extent_dims(space.id(), size.data(), nullptr) != 3 ||
        !std::ranges::all_of(size, [](hsize_t n) { return n > 0 && n <= largest_side; }))
        calls.refuse("labels are no T Y X planes of uint16 or uint32; write the file again");
    content.t = static_cast<std::int64_t>(size[0]);
    content.y = static_cast<std::int64_t>(size[1]);
    content.x = static_cast<std::int64_t>(size[2]);
}

hsize_t bytes_of_file(const Calls& calls, hid_t object) {
    const Handle file = calls.keep(H5Iget_file_id(object), H5Fclose, unreadable);
    hsize_t bytes = 0;
    calls.ok(H5Fget_filesize(file.id(), &bytes), unreadable);
    return bytes;
}

}  // namespace

Handle without_times(const Calls& calls, hid_t kind) {
    Handle options = calls.keep(H5Pcreate(kind), H5Pclose, unwritable);
    calls.ok(H5Pset_obj_track_times(options.id(), false), unwritable);
    return options;
}

void create_scene(const Calls& calls, hid_t group, const SceneContent& content) {
    write_text(calls, group, format_attribute, scene_format);
    for (const auto& [name, text] : content.provenance) write_text(calls, group, name, text);
    const std::array<hsize_t, 3> size{static_cast<hsize_t>(content.t),
                                      static_cast<hsize_t>(content.y),
                                      static_cast<hsize_t>(content.x)};
    const hsize_t row_bytes = size[2] * (content.wide ? 4 : 2);
    const std::array<hsize_t, 3> chunk{
        1, std::clamp<hsize_t>(most_chunk_bytes / row_bytes, 1, size[1]), size[2]};
    const Handle options = deflated(calls, chunk, true);
    Handle labels = create_dataset(
        calls, group, "labels", content.wide ? H5T_STD_U32LE : H5T_STD_U16LE, size, options.id());
    const std::array<const char*, 3> axes{"t", "y", "x"};
    write_axis_labels(calls, labels.id(), axes);
    write_text(calls, labels.id(), "axes", "tyx");
    if (content.element_size) {
        const auto& micrometres = *content.element_size;
        write_numbers(calls, labels.id(), element_size_attribute, H5T_IEEE_F32LE,
                      std::array<double, 3>{micrometres[0], micrometres[1], micrometres[2]});
    }
    if (content.interval)
        write_numbers(calls, labels.id(), interval_attribute, H5T_IEEE_F64LE,
                      std::span(&*content.interval, 1));
    calls.ok(labels.close(), unwritable);
}

void write_tables(const Calls& calls, hid_t group, const SceneContent& content) {
    const Handle groups = without_times(calls, H5P_GROUP_CREATE);
    const Handle plain = without_times(calls, H5P_DATASET_CREATE);
    const Handle tables = calls.keep(
        H5Gcreate2(group, "planes", H5P_DEFAULT, groups.id(), H5P_DEFAULT), H5Gclose, unwritable);
    const hsize_t count = content.planes.size();
    std::vector<std::uint64_t> checksums;
    std::vector<std::uint32_t> cells;
    std::vector<std::uint8_t> states;
    for (std::size_t i = 0; i < content.planes.size(); ++i) {
        checksums.push_back(content.facts[i].checksum);
        cells.push_back(content.facts[i].cells);
        states.push_back(static_cast<std::uint8_t>(content.planes[i].state));
    }
    write_table(calls, tables.id(), "checksum", H5T_STD_U64LE, H5T_NATIVE_UINT64, count,
                checksums.data(), plain.id());
    write_table(calls, tables.id(), "cells", H5T_STD_U32LE, H5T_NATIVE_UINT32, count, cells.data(),
                plain.id());
    const Handle type = state_type(calls);
    write_table(calls, tables.id(), "status", type.id(), type.id(), count, states.data(),
                plain.id());
    write_reasons(calls, tables.id(), content.planes);
    if (!content.times.empty()) write_times(calls, tables.id(), content.times);
    write_text(calls, group, contents_attribute, sha256_of(content));
}

SceneContent read_scene(const Calls& calls, hid_t group) {
    SceneContent content;
    for (const auto& name : attribute_names(calls, group))
        if (name != format_attribute && name != contents_attribute)
            content.provenance[name] = read_text(calls, group, name);
    const Handle labels = calls.keep(H5Dopen2(group, "labels", H5P_DEFAULT), H5Dclose, unreadable);
    read_shape(calls, labels.id(), content);
    if (const auto size = read_numbers(calls, labels.id(), element_size_attribute)) {
        if (size->size() != 3)
            calls.refuse("element_size_um has not three numbers; write the file again");
        content.element_size = {static_cast<float>((*size)[0]), static_cast<float>((*size)[1]),
                                static_cast<float>((*size)[2])};
    }
    if (const auto interval = read_numbers(calls, labels.id(), interval_attribute))
        if (interval->size() == 1) content.interval = interval->front();

    const Handle tables = calls.keep(H5Gopen2(group, "planes", H5P_DEFAULT), H5Gclose, unreadable);
    const auto count = static_cast<std::size_t>(content.t);
    // The tables hold bytes for each plane: a file cannot make us take memory as it likes.
    if (count > bytes_of_file(calls, group))
        calls.refuse("claims more frames than it can hold; write the file again");
    const auto checksums =
        read_table<std::uint64_t>(calls, tables.id(), "checksum", H5T_NATIVE_UINT64, count);
    const auto cells =
        read_table<std::uint32_t>(calls, tables.id(), "cells", H5T_NATIVE_UINT32, count);
    const Handle type = state_type(calls);
    const auto states = read_table<std::uint8_t>(calls, tables.id(), "status", type.id(), count);
    for (std::size_t i = 0; i < count; ++i) {
        if (states[i] > static_cast<std::uint8_t>(PlaneState::quarantined))
            calls.refuse("planes/status holds unknown numbers; write the file again");
        content.facts.push_back({checksums[i], cells[i]});
        content.planes.push_back({static_cast<PlaneState>(states[i]), {}});
    }
    read_reasons(calls, tables.id(), content.planes);
    if (H5Lexists(tables.id(), times_name, H5P_DEFAULT) > 0)
        content.times =
            read_table<double>(calls, tables.id(), times_name, H5T_NATIVE_DOUBLE, count);
    return content;
}

}  // namespace cytofleet::hdf5
