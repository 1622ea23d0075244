#include "io/tiff/tiff_reader.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "io/tiff/ndtiff.hpp"
#include "io/tiff/ome_scenes.hpp"
#include "io/tiff/tiff_bounds.hpp"
#include "io/tiff/tiff_scene.hpp"

namespace cytofleet {
namespace {

// Open files of a set: more are closed, the longest unused first.
constexpr std::size_t max_open = 8;

constexpr std::uint64_t largest_text = std::uint64_t{1} << 30U;

std::string read_text(const InputFile& file) {
    if (file.size() > largest_text) refuse(file.path(), "is too large to be OME-XML");
    std::string text(file.size(), '\0');
    file.read(0, std::as_writable_bytes(std::span(text)));
    return text;
}

class TiffReader : public Reader {
  public:
    TiffReader(const std::filesystem::path& path, const ReaderOptions& options);
    /// From OME-XML outside a TIFF file.
    TiffReader(const std::filesystem::path& path, const ReaderOptions& options,
               const OmeDocument& document)
        : route_(options.route) {
        info_.path = path;
        take(document, ome_scenes(document, path, nullptr, route_));
        finish(options.axes);
    }

    const FileInfo& info() const override { return info_; }
    Image read(const PlaneId& plane) override;
    bool present(const PlaneId& plane) const override;

  private:
    void take(const OmeDocument& document, OmeSet set);
    bool take_from(const std::filesystem::path& described);
    void open_single(const TiffFile& file, const std::string& description);
    void finish(const std::string& axes);
    const TiffScene& scene_of(const PlaneId& plane) const;
    std::string name_of_plane(const PlaneId& plane) const;
    TiffPixels& pixels(std::int32_t file);
    std::size_t page_of(const TiffScene& scene, const PlaneId& plane) const;
    void read_page(const TiffScene& scene, const PageRef& page, std::int64_t sample,
                   const std::string& what, std::span<std::byte> out);
    void gather(const TiffScene& scene, const PlaneId& plane, const std::string& what,
                Image& image);

    FileInfo info_;
    Route route_;  ///< to the file itself
    std::vector<std::filesystem::path> files_;
    std::vector<TiffScene> scenes_;
    std::vector<std::pair<std::int32_t, std::unique_ptr<TiffPixels>>> open_;  // latest use last
};

TiffReader::TiffReader(const std::filesystem::path& path, const ReaderOptions& options)
    : route_(options.route) {
    info_.path = path;
    const TiffFile file(path, route_);
    if (file.first().is_cut(file.file(), TiffTag::image_description)) {
        refuse(path, "is cut off in its description; copy the file again");
    }
    const std::string description = file.first().text(file.file(), TiffTag::image_description);
    if (is_ome_xml(description)) {
        OmeDocument document = parse_ome_xml(description, show(path));
        if (document.metadata_file.empty()) {
            take(document, ome_scenes(document, path, &file, route_));
            finish(options.axes);
            return;
        }
        const std::filesystem::path name(document.metadata_file);
        const std::filesystem::path described = path.parent_path() / name;
        std::error_code ignored;
        std::string problem = "which is not beside it";
        if (!name.has_parent_path() && std::filesystem::is_regular_file(described, ignored)) {
            if (take_from(described)) {
                finish(options.axes);
                return;
            }
            problem = "which does not describe it";
        }
        info_.warnings.push_back("its description is in \"" + printable(document.metadata_file) +
                                 "\", " + problem + ": pages are taken as they come");
        open_single(file, "");
    } else {
        open_single(file, description);
    }
    finish(options.axes);
}

/// From the file that a BinaryOnly element names: a companion, or another TIFF of the set. False
/// when that file says nothing of this one.
bool TiffReader::take_from(const std::filesystem::path& described) {
    const Route route{Links::of_owners, route_.below};
    std::optional<TiffFile> tiff;
    std::string text;
    if (is_tiff(described, route)) {
        tiff.emplace(described, route);
        text = tiff->first().text(tiff->file(), TiffTag::image_description);
    } else {
        text = read_text(InputFile(described, route));
    }
    if (!is_ome_xml(text)) return false;
    const OmeDocument document = parse_ome_xml(text, show(described));
    if (!document.metadata_file.empty()) return false;
    OmeSet set = ome_scenes(document, described, tiff ? &*tiff : nullptr, route);
    const bool named = std::ranges::any_of(set.files, [&](const std::filesystem::path& file) {
        return file.filename() == info_.path.filename();
    });
    if (!named) return false;
    info_.description = described;
    take(document, std::move(set));
    return true;
}

void TiffReader::take(const OmeDocument& document, OmeSet set) {
    info_.format = "OME-TIFF";
    info_.compression = std::move(set.compression);
    info_.history = document.vlab_annotations;
    info_.members = set.files;
    files_ = std::move(set.files);
    scenes_ = std::move(set.scenes);
    info_.warnings.insert(info_.warnings.end(), set.warnings.begin(), set.warnings.end());
}

void TiffReader::open_single(const TiffFile& file, const std::string& description) {
    if (file.first().count(TiffTag::micro_manager) != 0) {
        files_ = {info_.path};
        if (auto set = ndtiff_set(file, pixels(0), route_, info_.warnings)) {
            open_.clear();  // its files are counted anew
            take({}, std::move(*set));
            info_.format = "NDTiff";
            info_.description = info_.path.parent_path() / "NDTiff.index";
            return;
        }
        files_.clear();
    }
    files_.push_back(info_.path);
    info_.members = files_;
    info_.warnings.insert(info_.warnings.end(), file.warnings().begin(), file.warnings().end());
    info_.compression = compression_name(
        static_cast<std::uint32_t>(file.first().number(file.file(), TiffTag::compression, 1)));
    const TiffSource source{file, pixels(0), info_.warnings};
    if (const auto imagej = parse_imagej(description)) {
        info_.format = "ImageJ TIFF";
        scenes_ = imagej_scenes(source, *imagej);
        return;
    }
    if (file.first().count(TiffTag::metamorph_uic2) != 0) {
        info_.format = "MetaMorph STK";
        scenes_ = metamorph_scenes(source);
    } else if (file.first().count(TiffTag::lsm_info) != 0) {
        scenes_ = lsm_scenes(source);
        if (!scenes_.empty()) info_.format = "Zeiss LSM";
    } else if (parse_shaped(description) ||
               parse_shaped(file.first().text(file.file(), TiffTag::image_description, 1))) {
        info_.format = "shaped TIFF";
        scenes_ = shaped_scenes(source);
        if (scenes_.empty()) {
            info_.warnings.emplace_back(
                "its \"shape\" description does not fit its pages: they are "
                "taken as they come");
        }
    }
    if (!scenes_.empty()) return;
    if (info_.format.empty()) info_.format = "TIFF";
    for (const TiffTag tag : {TiffTag::micro_manager, TiffTag::lsm_info}) {
        if (file.first().count(tag) != 0 && file.pages().size() > 1) {
            info_.warnings.emplace_back(
                std::string(tag == TiffTag::lsm_info ? "Zeiss LSM" : "Micro-Manager") +
                " axes are not read: its pages are taken as " + unnamed_axis +
                "; say what they are by --axes, or export it as OME-TIFF");
        }
    }
    scenes_ = plain_scenes(source);
}

void TiffReader::finish(const std::string& axes) {
    ensure(!scenes_.empty(), "a reader has scenes");
    if (!axes.empty()) {
        const WantedAxes wanted = parse_axes(axes);
        std::string last;
        for (TiffScene& scene : scenes_) {
            try {
                const auto note = set_wanted_axes(scene, wanted);
                if (note && *note != last) info_.warnings.push_back(last = *note);
            } catch (const Error& error) {
                refuse(info_.path, error.what());
            }
        }
    }
    for (const TiffScene& scene : scenes_) info_.scenes.push_back(scene.info);
    open_.clear();
}

const TiffScene& TiffReader::scene_of(const PlaneId& plane) const {
    ensure(plane.scene >= 0 && plane.scene < static_cast<std::int64_t>(scenes_.size()),
           "the scene exists");
    const TiffScene& scene = scenes_[static_cast<std::size_t>(plane.scene)];
    const SceneInfo& info = scene.info;
    ensure(plane.t >= 0 && plane.t < info.t && plane.c >= 0 && plane.c < info.c && plane.z >= 0 &&
               plane.z < info.z && plane.sample >= 0 && plane.sample < info.samples,
           "the plane exists");
    return scene;
}

std::string TiffReader::name_of_plane(const PlaneId& plane) const {
    const SceneInfo& info = scene_of(plane).info;
    std::string name = "plane T=" + std::to_string(plane.t);
    if (info.c > 1) name += " C=" + std::to_string(plane.c);
    if (info.z > 1) name += " Z=" + std::to_string(plane.z);
    if (info.samples > 1) name += " sample " + std::to_string(plane.sample);
    if (scenes_.size() > 1) name += " of scene " + std::to_string(plane.scene);
    return name;
}

TiffPixels& TiffReader::pixels(std::int32_t file) {
    const auto found = std::find_if(open_.begin(), open_.end(),
                                    [&](const auto& entry) { return entry.first == file; });
    if (found != open_.end()) {
        std::rotate(found, found + 1, open_.end());
    } else {
        if (open_.size() == max_open) open_.erase(open_.begin());
        const auto& path = files_[static_cast<std::size_t>(file)];
        const Route route = path == info_.path ? route_ : Route{Links::of_owners, route_.below};
        open_.emplace_back(file, std::make_unique<TiffPixels>(path, route));
    }
    return *open_.back().second;
}

std::int64_t index_on(char axis, const PlaneId& plane) {
    switch (axis) {
        case 'T':
            return plane.t;
        case 'C':
            return plane.c;
        case 'Z':
            return plane.z;
        case 'S':
            return plane.sample;
        default:
            return 0;
    }
}

std::size_t TiffReader::page_of(const TiffScene& scene, const PlaneId& plane) const {
    std::int64_t page = 0;
    for (const auto& [axis, size] : scene.lead) page = page * size + index_on(axis, plane);
    return static_cast<std::size_t>(page);
}

bool TiffReader::present(const PlaneId& plane) const {
    const TiffScene& scene = scene_of(plane);
    return scene.scattered || scene.pages[page_of(scene, plane)].file >= 0;
}

void TiffReader::read_page(const TiffScene& scene, const PageRef& page, std::int64_t sample,
                           const std::string& what, std::span<std::byte> out) {
    if (page.file < 0) {
        refuse(info_.path, what + " is not in the file (acquisition stopped early?)");
    }
    TiffPixels& source = pixels(page.file);
    if (scene.raw) {
        source.read_raw(page.at, scene.format, scene.order, sample, what, out);
    } else {
        source.read(page.at, scene.format, sample, what, out);
    }
}

// Elements of the plane lie on several pages or side by side with others: each is looked up in the
// page that holds it.
void TiffReader::gather(const TiffScene& scene, const PlaneId& plane, const std::string& what,
                        Image& image) {
    std::int64_t base = 0;
    std::int64_t step_y = 0;
    std::int64_t step_x = 0;
    std::int64_t step = 1;
    for (std::size_t i = scene.lead.size(); i-- > 0;) {
        const auto [letter, size] = scene.lead[i];
        if (letter == 'Y') step_y = step;
        if (letter == 'X') step_x = step;
        base += index_on(letter, plane) * step;
        step *= size;
    }
    const PageFormat& format = scene.format;
    const auto value_bytes = static_cast<std::int64_t>(size_of(format.type));
    const std::int64_t sample_elements = format.width * format.height;
    // In the order of the elements, so that each page is wanted once; its samples may take turns.
    const bool down = step_y < step_x;
    const std::int64_t outer = down ? image.width : image.height;
    const std::int64_t inner = down ? image.height : image.width;
    std::vector<std::vector<std::byte>> samples(static_cast<std::size_t>(format.samples));
    std::int64_t held = -1;
    for (std::int64_t i = 0; i < outer; ++i) {
        for (std::int64_t j = 0; j < inner; ++j) {
            const std::int64_t y = down ? j : i;
            const std::int64_t x = down ? i : j;
            const std::int64_t element = base + y * step_y + x * step_x;
            const std::int64_t page = element / format.elements();
            const std::int64_t inside = element % format.elements();
            const bool chunky = !format.planar;
            const std::int64_t sample = chunky ? inside % format.samples : inside / sample_elements;
            const std::int64_t pixel = chunky ? inside / format.samples : inside % sample_elements;
            if (std::exchange(held, page) != page)
                for (auto& plane_of_sample : samples) plane_of_sample.clear();
            auto& source = samples[static_cast<std::size_t>(sample)];
            if (source.empty()) {
                source.resize(static_cast<std::size_t>(sample_elements * value_bytes));
                read_page(scene, scene.pages[static_cast<std::size_t>(page)], sample, what, source);
            }
            std::memcpy(image.bytes.data() + (y * image.width + x) * value_bytes,
                        source.data() + pixel * value_bytes, static_cast<std::size_t>(value_bytes));
        }
    }
}

Image TiffReader::read(const PlaneId& plane) {
    const TiffScene& scene = scene_of(plane);
    const std::string what = name_of_plane(plane);
    Image image;
    image.type = scene.format.type;
    image.height = scene.info.y;
    image.width = scene.info.x;
    image.bytes.resize(static_cast<std::size_t>(image.height * image.width) * size_of(image.type));
    if (scene.scattered) {
        gather(scene, plane, what, image);
    } else {
        read_page(scene, scene.pages[page_of(scene, plane)], plane.sample, what, image.bytes);
    }
    return image;
}

}  // namespace

bool is_tiff(const std::filesystem::path& path, const Route& route) {
    return read_tiff_header(InputFile(path, route)).has_value();
}

bool is_ome_companion(const std::filesystem::path& path, const Route& route) {
    const InputFile file(path, route);
    std::string head(8192, '\0');
    head.resize(file.read_some(0, std::as_writable_bytes(std::span(head))));
    return is_ome_xml(head);
}

std::unique_ptr<Reader> open_tiff(const std::filesystem::path& path, const ReaderOptions& options) {
    return std::make_unique<TiffReader>(path, options);
}

std::unique_ptr<Reader> open_ome_companion(const std::filesystem::path& path,
                                           const ReaderOptions& options) {
    const OmeDocument document =
        parse_ome_xml(read_text(InputFile(path, options.route)), show(path));
    return std::make_unique<TiffReader>(path, options, document);
}

}  // namespace cytofleet
