#include "io/hdf5/label_file.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/byte_writer.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "io/hdf5/attributes.hpp"

namespace cytofleet::hdf5 {
namespace {

constexpr const char* unreadable = "cannot be read";
constexpr std::size_t most_packed = 1032;  // bytes that deflate can pack into one
constexpr std::size_t large_plane = std::size_t{1} << 30;

/// Before memory is taken for it: whether the file's bytes can unpack to such planes.
void check_plane_bytes(const Calls& calls, hid_t group, const SceneContent& content) {
    const Handle labels = calls.keep(H5Dopen2(group, "labels", H5P_DEFAULT), H5Dclose, unreadable);
    if (content.plane_bytes() > large_plane &&
        content.plane_bytes() / most_packed > H5Dget_storage_size(labels.id()))
        calls.refuse("claims larger planes than it can hold; write the file again");
}

}  // namespace

Handle file_access(const Calls& calls) {
    constexpr const char* action = "cannot be opened";
    Handle access = calls.keep(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, action);
    calls.ok(H5Pset_libver_bounds(access.id(), H5F_LIBVER_V18, H5F_LIBVER_V18), action);
#if H5_VERSION_GE(1, 10, 7)
    calls.ok(H5Pset_file_locking(access.id(), false, true), action);
#endif
    return access;
}

Handle open_group(const Calls& calls, hid_t file, const std::string& name) {
    return calls.keep(H5Gopen2(file, name.empty() ? "/" : name.c_str(), H5P_DEFAULT), H5Gclose,
                      unreadable);
}

std::string sha256_of(const std::map<std::string, std::string>& contents_by_group) {
    ByteWriter out;
    for (const auto& [group, contents] : contents_by_group) {
        out.write_text(group);
        out.write_text(contents);
    }
    Sha256 hash;
    hash.update(out.take());
    return hash.hex();
}

LabelFile::LabelFile(const Calls& calls, const std::filesystem::path& path) : calls_(calls) {
    const Handle access = file_access(calls);
    file_ = calls.keep(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.id()), H5Fclose,
                       "cannot be opened");
    const htri_t named = H5Aexists(file_.id(), format_attribute);
    calls.ok(named, unreadable);
    const std::string format = named > 0 ? read_text(calls, file_.id(), format_attribute) : "";
    collection_ = format == collection_format;
    if (!collection_ && format != scene_format)
        calls.refuse("is an HDF5 file, but no label file of this program; name one that is");
    recorded_ = read_text(calls, file_.id(), contents_attribute);
    for (const auto& name : collection_ ? group_names() : std::vector<std::string>{""}) {
        const Handle group = open_group(calls, file_.id(), name);
        Scene scene{name, read_scene(calls, group.id()),
                    read_text(calls, group.id(), contents_attribute)};
        check_plane_bytes(calls, group.id(), scene.content);
        scenes_.push_back(std::move(scene));
    }
}

std::vector<std::string> LabelFile::group_names() const {
    H5G_info_t info;
    calls_.ok(H5Gget_info(file_.id(), &info), unreadable);
    std::vector<std::string> names;
    for (hsize_t i = 0; i < info.nlinks; ++i) {
        const auto name_of = [&](char* out, std::size_t room) {
            return H5Lget_name_by_idx(file_.id(), ".", H5_INDEX_NAME, H5_ITER_INC, i, out, room,
                                      H5P_DEFAULT);
        };
        const ssize_t length = name_of(nullptr, 0);
        if (length < 0) calls_.fail(unreadable);
        std::string name(static_cast<std::size_t>(length) + 1, '\0');
        if (name_of(name.data(), name.size()) < 0) calls_.fail(unreadable);
        name.pop_back();
        names.push_back(std::move(name));
    }
    return names;
}

std::string LabelFile::line(const Scene& scene, std::string_view text) const {
    return fmt::format("{}: {}{}{}", show(calls_.file()), printable(scene.group),
                       scene.group.empty() ? "" : ": ", text);
}

std::vector<std::string> LabelFile::problems() const {
    std::vector<std::string> out;
    std::map<std::string, std::string> contents;
    for (const Scene& scene : scenes_) {
        contents[scene.group] = scene.recorded;
        if (sha256_of(scene.content) != scene.recorded)
            out.push_back(line(scene, "what it says about its planes is not what was written"));
    }
    if (collection_ && sha256_of(contents) != recorded_)
        out.push_back(
            fmt::format("{}: its scenes are not those that were written", show(calls_.file())));
    return out;
}

void LabelFile::read_plane(const Scene& scene, std::int64_t t,
                           std::vector<std::byte>& pixels) const {
    pixels.resize(scene.content.plane_bytes());
    const Handle group = open_group(calls_, file_.id(), scene.group);
    LabelPlanes(calls_, group.id(), scene.content).read(t, pixels);
}

std::vector<std::string> LabelFile::problems_of(const Scene& scene, std::int64_t t) const {
    const auto at = static_cast<std::size_t>(t);
    const PlaneFacts& recorded = scene.content.facts.at(at);
    std::vector<std::byte> pixels;
    try {
        read_plane(scene, t, pixels);
    } catch (const Error& error) {
        return {line(scene, fmt::format("frame {} cannot be read ({})", t, error.what()))};
    }
    std::vector<std::string> out;
    if (checksum(pixels) != recorded.checksum) {
        out.push_back(line(scene, fmt::format("frame {} differs from its checksum", t)));
        return out;
    }
    const std::uint32_t cells = count_cells(pixels, scene.content.wide);
    if (cells != recorded.cells)
        out.push_back(line(scene, fmt::format("frame {} has {}, {} are recorded", t,
                                              count_of(cells, "cell"), recorded.cells)));
    const Hdf5Plane& plane = scene.content.planes.at(at);
    if (plane.state != PlaneState::done && cells != 0)
        out.push_back(line(scene, fmt::format("frame {} has labels, but was not done", t)));
    if (cells != 0 && !plane.reason.empty())
        out.push_back(line(scene, fmt::format("frame {} has labels, but a reason to be empty", t)));
    return out;
}

}  // namespace cytofleet::hdf5
