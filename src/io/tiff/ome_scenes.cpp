#include "io/tiff/ome_scenes.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "io/tiff/frame_times.hpp"
#include "io/tiff/tiff_bounds.hpp"

namespace cytofleet {
namespace {

// Planes of all images together, and times that planes may be named: more is hostile.
constexpr std::int64_t max_planes = std::int64_t{1} << 24;

// A set's file as far as scenes need it: the positions of its directories.
struct Member {
    std::int32_t number = -1;  ///< in OmeSet::files; -1: not there
    std::vector<std::uint64_t> ifds;
    std::vector<bool> unused;  // full-size pages that no image has named yet
};

class Builder {
  public:
    Builder(const OmeDocument& document, std::filesystem::path path, const TiffFile* given,
            Route route)
        : document_(document), path_(std::move(path)), route_(std::move(route)) {
        if (given != nullptr) given_ = add(path_, *given);
    }

    OmeSet build() {
        for (const OmeImage& image : document_.images) scene(image);
        if (set_.scenes.empty()) {
            refuse(path_, "has OME-XML without any image that is there; export the file again");
        }
        if (absent_ > 0) {
            set_.warnings.push_back(count_of(absent_, "file") +
                                    " of its set not found, the first is \"" +
                                    printable(first_absent_) + "\"; its planes are missing");
        }
        for (const auto& [name, member] : members_) {
            const auto count = std::count(member.unused.begin(), member.unused.end(), true);
            if (count == 0) continue;
            set_.warnings.push_back(count_of(static_cast<std::uint64_t>(count), "page") + " of \"" +
                                    printable(name) + "\" belong to no image of its OME-XML");
        }
        return std::move(set_);
    }

  private:
    Member* add(const std::filesystem::path& path, const TiffFile& file) {
        Member member;
        member.number = static_cast<std::int32_t>(set_.files.size());
        member.ifds.reserve(file.pages().size());
        for (const TiffPage& page : file.pages()) {
            member.ifds.push_back(page.ifd);
            member.unused.push_back(!page.reduced);
        }
        set_.files.push_back(path);
        if (set_.compression.empty()) {
            set_.compression = compression_name(static_cast<std::uint32_t>(
                file.first().number(file.file(), TiffTag::compression, 1)));
        }
        for (const std::string& warning : file.warnings()) set_.warnings.push_back(warning);
        return &(members_[path.filename().string()] = std::move(member));
    }

    Member& member_of(const OmeTiffData& data);
    void scene(const OmeImage& image);
    void place(const OmeImage& image, TiffScene& scene);
    void set_format(const OmeImage& image, TiffScene& scene);

    const OmeDocument& document_;
    std::filesystem::path path_;
    Route route_;
    OmeSet set_;
    Member* given_ = nullptr;
    std::map<std::string, Member> members_;  // by file name
    std::int64_t announced_ = 0;
    std::int64_t placed_ = 0;
    std::uint64_t absent_ = 0;
    std::string first_absent_;
};

Member& Builder::member_of(const OmeTiffData& data) {
    const std::string own = path_.filename().string();
    // A renamed file still knows itself by its UUID.
    if (given_ != nullptr &&
        (data.file_name.empty() || (!data.uuid.empty() && data.uuid == document_.uuid) ||
         lower(data.file_name) == lower(own))) {
        return *given_;
    }
    if (const auto known = members_.find(data.file_name); known != members_.end()) {
        return known->second;
    }
    const std::filesystem::path name(data.file_name);
    std::string problem;
    // Names that lead out of the folder are not followed.
    if (!data.file_name.empty() && !name.has_parent_path()) {
        const std::filesystem::path path = path_.parent_path() / name;
        std::error_code ignored;
        if (std::filesystem::exists(path, ignored)) {
            if (follows(path, route_.below)) {
                // One broken file does not take the others' frames along.
                try {
                    return *add(path, TiffFile(path, {Links::of_owners, route_.below}));
                } catch (const Error& error) {
                    set_.warnings.push_back("of its set " + std::string(error.what()) +
                                            "; its planes are missing");
                    return members_[data.file_name];
                }
            }
            set_.warnings.push_back("\"" + printable(data.file_name) +
                                    "\" of its set is a link that another user has made than the "
                                    "one whose file it leads to; it is left out");
        }
    }
    if (absent_++ == 0) first_absent_ = data.file_name;
    return members_[data.file_name];
}

// Planes follow each other in dimension order from the first one on, as tifffile counts them.
void Builder::place(const OmeImage& image, TiffScene& scene) {
    std::vector<OmeTiffData> blocks = image.data;
    if (blocks.empty()) blocks.emplace_back();
    const auto total = static_cast<std::int64_t>(scene.pages.size());
    std::int64_t misplaced = 0;
    std::set<std::int64_t> contested;                        // planes with more than one page
    std::set<std::pair<std::int32_t, std::uint64_t>> taken;  // pages
    std::uint64_t shared = 0;                                // planes whose page another has, too
    for (const OmeTiffData& block : blocks) {
        if (block.t >= image.t || block.c >= image.c || block.z >= image.z) {
            ++misplaced;
            continue;
        }
        std::int64_t plane = 0;
        for (const auto& [axis, size] : scene.lead) {
            plane = plane * size + (axis == 'T' ? block.t : axis == 'C' ? block.c : block.z);
        }
        Member& member = member_of(block);
        const auto there = static_cast<std::int64_t>(member.ifds.size());
        const std::int64_t wanted = block.planes == 0 ? there : block.planes;
        for (std::int64_t i = 0; i < wanted && block.ifd + i < there && plane + i < total; ++i) {
            const auto page = static_cast<std::size_t>(block.ifd + i);
            PageRef& ref = scene.pages[static_cast<std::size_t>(plane + i)];
            const PageRef named{member.ifds[page], member.number};
            if (ref.file >= 0 && (ref.file != named.file || ref.at != named.at)) {
                contested.insert(plane + i);
                continue;  // the first word counts
            }
            ref = named;
            if (!taken.emplace(named.file, named.at).second && block.planes != 0) ++shared;
            member.unused[page] = false;
            if (++placed_ > 16 * max_planes)
                refuse(path_, "has OME-XML that names pages endlessly");
        }
    }
    const std::string name =
        image.name.empty() ? "" : " of image \"" + printable(image.name) + "\"";
    if (!contested.empty()) {
        const std::vector<std::int64_t> planes(contested.begin(), contested.end());
        set_.warnings.push_back("its OME-XML contradicts itself: plane " + ranges_of(planes) +
                                name +
                                " is given several pages, of which the first is taken; "
                                "export the file again");
    }
    if (shared > 0) {
        set_.warnings.push_back("its OME-XML contradicts itself: " + count_of(shared, "plane") +
                                name +
                                " have a page that another plane has, too; export the file "
                                "again");
    }
    if (misplaced > 0) {
        set_.warnings.push_back(count_of(misplaced, "TiffData element") +
                                " outside the image left out");
    }
}

void Builder::set_format(const OmeImage& image, TiffScene& scene) {
    const auto page = std::find_if(scene.pages.begin(), scene.pages.end(),
                                   [](const PageRef& ref) { return ref.file >= 0; });
    const auto& file = set_.files[static_cast<std::size_t>(page->file)];
    TiffPixels pixels(
        file, given_ != nullptr && file == path_ ? route_ : Route{Links::of_owners, route_.below});
    set_page(scene, pixels.format(page->at, "the first page of \"" + printable(image.name) + "\""));
    if (scene.format.width != image.x || scene.format.height != image.y) {
        refuse(path_, "has OME-XML for " + std::to_string(image.x) + " x " +
                          std::to_string(image.y) + " pixels, but its pages have " +
                          std::to_string(scene.format.width) + " x " +
                          std::to_string(scene.format.height) + "; export the file again");
    }
}

void Builder::scene(const OmeImage& image) {
    TiffScene scene;
    SceneInfo& info = scene.info;
    info.name = printable(image.name);
    info.t = image.t;
    info.z = image.z;
    info.c = image.c;
    info.pixel_size = image.pixel_size;
    info.time_increment = image.time_increment;
    if (image.acquired) info.acquired = printable(*image.acquired);
    std::int64_t planes = 1;
    for (const char axis : image.axes) {
        const std::int64_t size = axis == 'T' ? image.t : axis == 'C' ? image.c : image.z;
        scene.lead.emplace_back(axis, size);
        planes *= size;
    }
    announced_ += planes;
    if (announced_ > max_planes) {
        refuse(path_, "has OME-XML that announces " + std::to_string(announced_) +
                          " planes; the file is damaged: export it again");
    }
    scene.pages.resize(static_cast<std::size_t>(planes));
    place(image, scene);
    if (std::all_of(scene.pages.begin(), scene.pages.end(),
                    [](const PageRef& ref) { return ref.file < 0; })) {
        set_.warnings.push_back("image \"" + info.name + "\" has no planes and is left out");
        return;
    }
    set_format(image, scene);
    // Some writers count the colours of an RGB page as channels without saying SamplesPerPixel.
    if (image.samples == 1 && scene.format.samples > 1 && image.c == scene.format.samples) {
        scene.info.c = 1;
        for (auto& [axis, size] : scene.lead) {
            if (axis == 'C') size = 1;
        }
        scene.pages.assign(static_cast<std::size_t>(planes / image.c), PageRef{});
        OmeImage colour = image;
        colour.c = 1;
        place(colour, scene);
    }
    if (static_cast<std::int64_t>(image.channel_names.size()) == info.c) {
        for (const std::string& name : image.channel_names) {
            info.channel_names.push_back(printable(name));
        }
    }
    set_frame_times(info, image.times);
    info.axes = image.axes + page_axes(scene.format);
    if (const auto warning = list_missing(scene)) set_.warnings.push_back(*warning);
    set_.scenes.push_back(std::move(scene));
}

}  // namespace

OmeSet ome_scenes(const OmeDocument& document, const std::filesystem::path& path,
                  const TiffFile* given, const Route& route) {
    return Builder(document, path, given, route).build();
}

}  // namespace cytofleet
