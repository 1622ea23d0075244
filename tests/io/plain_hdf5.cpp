#include "io/plain_hdf5.hpp"

#include <hdf5.h>
#include <stdexcept>

namespace cytofleet::test {
namespace {

template <typename T>
T checked(T result) {
    if (result < 0) throw std::runtime_error("HDF5 fails");
    return result;
}

/// Tests may leak identifiers where they fail, not where they pass.
struct File {
    explicit File(const std::filesystem::path& path, unsigned mode = H5F_ACC_RDONLY)
        : id(checked(H5Fopen(path.c_str(), mode, H5P_DEFAULT))) {}
    ~File() { H5Fclose(id); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    hid_t id;
};

struct Dataset {
    Dataset(const File& file, const std::string& name)
        : id(checked(H5Dopen2(file.id, name.c_str(), H5P_DEFAULT))) {}
    ~Dataset() { H5Dclose(id); }
    Dataset(const Dataset&) = delete;
    Dataset& operator=(const Dataset&) = delete;
    std::size_t count() const {
        const hid_t space = H5Dget_space(id);
        const auto points = checked(H5Sget_simple_extent_npoints(space));
        H5Sclose(space);
        return static_cast<std::size_t>(points);
    }
    hid_t id;
};

}  // namespace

PlainLabels read_plain(const std::filesystem::path& path, const std::string& dataset) {
    const File file(path);
    const Dataset data(file, dataset);
    PlainLabels out;
    const hid_t space = H5Dget_space(data.id);
    const hid_t type = H5Dget_type(data.id);
    const hid_t options = H5Dget_create_plist(data.id);
    std::array<hsize_t, 3> size{};
    std::array<hsize_t, 3> chunk{};
    checked(H5Sget_simple_extent_dims(space, size.data(), nullptr));
    checked(H5Pget_chunk(options, 3, chunk.data()));
    for (std::size_t i = 0; i < 3; ++i) {
        out.size.at(i) = static_cast<std::int64_t>(size.at(i));
        out.chunk.at(i) = static_cast<std::int64_t>(chunk.at(i));
    }
    out.pixel_bytes = H5Tget_size(type);
    for (int i = 0; i < H5Pget_nfilters(options); ++i) {
        unsigned flags = 0;
        std::size_t count = 0;
        out.filters.push_back(H5Pget_filter2(options, static_cast<unsigned>(i), &flags, &count,
                                             nullptr, 0, nullptr, nullptr));
    }
    H5Pclose(options);
    H5Tclose(type);
    H5Sclose(space);
    out.pixels.resize(data.count());
    checked(H5Dread(data.id, H5T_NATIVE_UINT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, out.pixels.data()));
    return out;
}

std::string read_plain_text(const std::filesystem::path& path, const std::string& object,
                            const std::string& attribute) {
    const File file(path);
    const hid_t id = checked(
        H5Aopen_by_name(file.id, object.c_str(), attribute.c_str(), H5P_DEFAULT, H5P_DEFAULT));
    const hid_t type = H5Aget_type(id);
    std::string text(H5Tget_size(type), '\0');
    checked(H5Aread(id, type, text.data()));
    H5Tclose(type);
    H5Aclose(id);
    return text;
}

std::vector<double> read_plain_numbers(const std::filesystem::path& path, const std::string& object,
                                       const std::string& attribute) {
    const File file(path);
    const hid_t id = checked(
        H5Aopen_by_name(file.id, object.c_str(), attribute.c_str(), H5P_DEFAULT, H5P_DEFAULT));
    const hid_t space = H5Aget_space(id);
    std::vector<double> out(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
    H5Sclose(space);
    checked(H5Aread(id, H5T_NATIVE_DOUBLE, out.data()));
    H5Aclose(id);
    return out;
}

std::vector<std::uint64_t> read_plain_table(const std::filesystem::path& path,
                                            const std::string& dataset) {
    const File file(path);
    const Dataset data(file, dataset);
    const hid_t type = H5Dget_type(data.id);
    const bool states = H5Tget_class(type) == H5T_ENUM;
    std::vector<std::uint64_t> out(data.count());
    if (states) {
        std::vector<std::uint8_t> values(out.size());
        checked(H5Dread(data.id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()));
        out.assign(values.begin(), values.end());
    } else {
        checked(H5Dread(data.id, H5T_NATIVE_UINT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, out.data()));
    }
    H5Tclose(type);
    return out;
}

std::vector<std::string> read_plain_texts(const std::filesystem::path& path,
                                          const std::string& dataset) {
    const File file(path);
    const Dataset data(file, dataset);
    const hid_t type = H5Dget_type(data.id);
    const std::size_t length = H5Tget_size(type);
    std::string all(data.count() * length, '\0');
    checked(H5Dread(data.id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, all.data()));
    H5Tclose(type);
    std::vector<std::string> out;
    for (std::size_t at = 0; at < all.size(); at += length)
        out.emplace_back(all.substr(at, length).c_str());
    return out;
}

bool has_times(const std::filesystem::path& path, const std::string& object) {
    const File file(path);
    H5O_info_t info;
    checked(H5Oget_info_by_name2(file.id, object.c_str(), &info, H5O_INFO_TIME, H5P_DEFAULT));
    return info.atime != 0 || info.mtime != 0 || info.ctime != 0 || info.btime != 0;
}

void change_plain(const std::filesystem::path& path, const std::string& dataset,
                  std::vector<std::uint64_t> place, std::uint64_t value) {
    const File file(path, H5F_ACC_RDWR);
    const Dataset data(file, dataset);
    const hid_t space = H5Dget_space(data.id);
    const hid_t one = H5Screate(H5S_SCALAR);
    const hid_t type = H5Dget_type(data.id);
    const std::vector<hsize_t> at(place.begin(), place.end());
    checked(H5Sselect_elements(space, H5S_SELECT_SET, 1, at.data()));
    const bool number = H5Tget_class(type) == H5T_INTEGER;
    checked(H5Dwrite(data.id, number ? H5T_NATIVE_UINT64 : type, one, space, H5P_DEFAULT, &value));
    H5Tclose(type);
    H5Sclose(one);
    H5Sclose(space);
}

void write_other_file(const std::filesystem::path& path) {
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    checked(H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V18));
    checked(H5Fclose(checked(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access))));
    H5Pclose(access);
}

}  // namespace cytofleet::test
