#include "io/hdf5/label_planes.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <limits>

namespace cytofleet::hdf5 {
namespace {

constexpr const char* unwritable = "cannot be written";
constexpr const char* unreadable = "cannot be read";

hid_t type_of(bool wide) {
    return wide ? H5T_STD_U32LE : H5T_STD_U16LE;
}

template <typename T>
std::vector<std::byte> as(std::span<const std::uint32_t> labels) {
    static_assert(std::endian::native == std::endian::little);
    std::vector<std::byte> out(labels.size() * sizeof(T));
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        const T value = static_cast<T>(labels[i]);
        bits |= labels[i];
        std::memcpy(out.data() + i * sizeof(T), &value, sizeof(T));
    }
    ensure(bits <= std::numeric_limits<T>::max(), "a file of uint16 is given labels that fit");
    return out;
}

}  // namespace

std::vector<std::byte> pixels_of(const LabelImage& labels, bool wide) {
    return wide ? as<std::uint32_t>(labels.labels) : as<std::uint16_t>(labels.labels);
}

LabelPlanes::LabelPlanes(const Calls& calls, hid_t group, const SceneContent& content)
    : calls_(calls),
      height_(static_cast<hsize_t>(content.y)),
      width_(static_cast<hsize_t>(content.x)),
      wide_(content.wide),
      dataset_(calls.keep(H5Dopen2(group, "labels", H5P_DEFAULT), H5Dclose, unreadable)) {
    const std::array<hsize_t, 3> size{1, height_, width_};
    plane_ = calls.keep(H5Screate_simple(3, size.data(), nullptr), H5Sclose, unreadable);
}

Handle LabelPlanes::select(std::int64_t t) const {
    Handle space = calls_.keep(H5Dget_space(dataset_.id()), H5Sclose, unreadable);
    const std::array<hsize_t, 3> start{static_cast<hsize_t>(t), 0, 0};
    const std::array<hsize_t, 3> count{1, height_, width_};
    calls_.ok(H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, start.data(), nullptr, count.data(),
                                  nullptr),
              unreadable);
    return space;
}

void LabelPlanes::write(std::int64_t t, std::span<const std::byte> pixels, hid_t transfer) const {
    const Handle space = select(t);
    calls_.ok(
        H5Dwrite(dataset_.id(), type_of(wide_), plane_.id(), space.id(), transfer, pixels.data()),
        unwritable);
}

void LabelPlanes::write_nothing(hid_t transfer) const {
    const Handle space = calls_.keep(H5Dget_space(dataset_.id()), H5Sclose, unreadable);
    const Handle nothing = calls_.keep(H5Scopy(plane_.id()), H5Sclose, unreadable);
    calls_.ok(H5Sselect_none(space.id()), unwritable);
    calls_.ok(H5Sselect_none(nothing.id()), unwritable);
    const std::uint32_t unused = 0;
    calls_.ok(H5Dwrite(dataset_.id(), type_of(wide_), nothing.id(), space.id(), transfer, &unused),
              unwritable);
}

void LabelPlanes::read(std::int64_t t, std::span<std::byte> pixels) const {
    const Handle space = select(t);
    calls_.ok(
        H5Dread(dataset_.id(), type_of(wide_), plane_.id(), space.id(), H5P_DEFAULT, pixels.data()),
        unreadable);
}

void LabelPlanes::close() {
    calls_.ok(dataset_.close(), unwritable);
}

}  // namespace cytofleet::hdf5
