#include "io/tiff/ndtiff.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/byte_reader.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "io/tiff/tiff_bounds.hpp"

namespace cytofleet {
namespace {

using Value = std::variant<std::int64_t, std::string>;

constexpr std::uint64_t largest_index = std::uint64_t{1} << 30U;
constexpr std::uint32_t longest_text = 1U << 16U;
constexpr std::int64_t most_planes = std::int64_t{1} << 24;

std::map<std::string, Value> parse_axes_of_image(const std::string& text) {
    const auto deepest = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
        return depth < 8;
    };
    const auto json = nlohmann::json::parse(text, deepest, false);
    if (!json.is_object()) throw Error(ErrorKind::input, "no axes");
    std::map<std::string, Value> out;
    for (const auto& [name, value] : json.items()) {
        if (value.is_number_integer() && !value.is_number_unsigned())
            out.emplace(name, value.get<std::int64_t>());
        else if (value.is_number_unsigned() && value.get<std::uint64_t>() < (1ULL << 40U))
            out.emplace(name, static_cast<std::int64_t>(value.get<std::uint64_t>()));
        else if (value.is_string())
            out.emplace(name, value.get<std::string>());
        else
            throw Error(ErrorKind::input, "an axis without a place");
    }
    return out;
}

std::string text_of(const Value& value) {
    const auto* const number = std::get_if<std::int64_t>(&value);
    return number != nullptr ? std::to_string(*number) : printable(std::get<std::string>(value));
}

/// Places on one axis that occur, and their numbers: time points as they are counted, all others in
/// order; names in the order in which they come.
class Places {
  public:
    Places(const std::vector<NdtiffEntry>& entries, const std::string& axis) : axis_(axis) {
        for (const NdtiffEntry& entry : entries) {
            const auto found = entry.axes.find(axis);
            if (found == entry.axes.end()) continue;
            if (numbers_.emplace(found->second, 0).second) found_.push_back(found->second);
        }
        const bool numbers = std::ranges::all_of(
            found_, [](const Value& v) { return std::holds_alternative<std::int64_t>(v); });
        if (numbers) std::ranges::sort(found_);
        for (std::size_t i = 0; i < found_.size(); ++i)
            numbers_[found_[i]] = static_cast<std::int64_t>(i);
        count_ = std::max<std::int64_t>(std::ssize(found_), 1);
        if (axis != "time" || !numbers || found_.empty()) return;
        const auto first = std::get<std::int64_t>(found_.front());
        const auto last = std::get<std::int64_t>(found_.back());
        // Frames that were never taken keep their numbers, within reason.
        if (first < 0 || last >= 16 * std::ssize(found_) + 1000) return;
        counted_ = true;
        count_ = last + 1;
    }

    std::int64_t count() const { return count_; }
    const std::vector<Value>& found() const { return found_; }
    std::int64_t number_of(const NdtiffEntry& entry) const {
        const auto place = entry.axes.find(axis_);
        if (place == entry.axes.end()) return 0;
        if (counted_) return std::get<std::int64_t>(place->second);
        return numbers_.at(place->second);
    }

  private:
    std::string axis_;
    std::vector<Value> found_;
    std::map<Value, std::int64_t> numbers_;
    std::int64_t count_ = 1;
    bool counted_ = false;
};

/// Where an image stands on the axes that make scenes: "position 1, row 2".
std::string scene_of(const NdtiffEntry& entry) {
    std::string out;
    for (const auto& [name, value] : entry.axes)
        if (name != "time" && name != "channel" && name != "z")
            out += (out.empty() ? "" : ", ") + printable(name) + " " + text_of(value);
    return out;
}

}  // namespace

std::vector<NdtiffEntry> parse_ndtiff_index(std::span<const std::byte> index) {
    std::vector<NdtiffEntry> out;
    ByteReader reader(index, "NDTiff index");
    try {
        while (reader.left() > 0) {
            NdtiffEntry entry;
            const auto text = [&] {
                const auto length = reader.read<std::uint32_t>();
                if (length > longest_text) throw Error(ErrorKind::input, "a text too long");
                return reader.take_text(length);
            };
            entry.axes = parse_axes_of_image(text());
            entry.file = text();
            entry.at = reader.read<std::uint32_t>();
            entry.width = reader.read<std::uint32_t>();
            entry.height = reader.read<std::uint32_t>();
            reader.skip(4);  // the type of the pixels: the pages tell it, too
            entry.compression = reader.read<std::uint32_t>();
            reader.skip(12);  // where the metadata lie, their length and compression
            out.push_back(std::move(entry));
        }
    } catch (const Error&) {
        return out;
    }
    return out;
}

std::optional<OmeSet> ndtiff_set(const TiffFile& file, TiffPixels& pixels, const Route& route,
                                 std::vector<std::string>& warnings) {
    const std::filesystem::path& path = file.file().path();
    const std::filesystem::path beside = path.parent_path() / "NDTiff.index";
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(beside, ignored)) return std::nullopt;
    const Route others{Links::of_owners, route.below};
    const InputFile index(beside, others);
    if (index.size() > largest_index) return std::nullopt;
    std::vector<std::byte> bytes(index.size());
    index.read(0, bytes);
    const std::vector<NdtiffEntry> entries = parse_ndtiff_index(bytes);
    const std::string own = path.filename().string();
    if (std::ranges::find(entries, own, &NdtiffEntry::file) == entries.end()) return std::nullopt;

    const auto leave = [&](const std::string& why) {
        warnings.push_back("its NDTiff.index " + why +
                           ": pages are taken as they come; say what they are by --axes");
        return std::nullopt;
    };
    const PageFormat format = pixels.format(file.first().offset(), "the first page");
    const Places times(entries, "time");
    const Places channels(entries, "channel");
    const Places slices(entries, "z");
    std::vector<std::string> names;
    std::map<std::string, std::size_t> numbers;  // of the scenes
    for (const NdtiffEntry& entry : entries) {
        if (entry.width != format.width || entry.height != format.height)
            return leave("names images of different sizes");
        if (entry.compression != 0 || !format.unpacked()) return leave("names packed images");
        const std::string name = scene_of(entry);
        if (numbers.emplace(name, names.size()).second) names.push_back(name);
    }
    const std::int64_t planes = times.count() * channels.count();
    if (planes > most_planes / slices.count() / std::ssize(names))
        return leave("announces too many planes");

    OmeSet out;
    out.compression = compression_name(1);
    for (const std::string& name : names) {
        TiffScene scene;
        set_page(scene, format);
        scene.info.name = name;
        scene.info.t = times.count();
        scene.info.c = channels.count();
        scene.info.z = slices.count();
        scene.lead = {{'T', scene.info.t}, {'C', scene.info.c}, {'Z', scene.info.z}};
        scene.info.axes = "TCZ" + page_axes(format);
        scene.raw = true;
        scene.order = file.header().order;
        scene.pages.resize(static_cast<std::size_t>(planes * slices.count()));
        for (const Value& channel : channels.found())
            scene.info.channel_names.push_back(text_of(channel));
        out.scenes.push_back(std::move(scene));
    }
    const auto page_bytes = static_cast<std::uint64_t>(format.elements()) * size_of(format.type);
    std::map<std::string, std::pair<std::int32_t, std::uint64_t>> members;  // number and size
    std::uint64_t cut = 0;
    for (const NdtiffEntry& entry : entries) {
        auto known = members.find(entry.file);
        if (known == members.end()) {
            known = members.emplace(entry.file, std::pair(-1, std::uint64_t{0})).first;
            const std::filesystem::path name(entry.file);
            if (!entry.file.empty() && !name.has_parent_path()) {
                try {
                    const auto member = entry.file == own ? path : path.parent_path() / name;
                    const InputFile opened(member, entry.file == own ? route : others);
                    known->second = {static_cast<std::int32_t>(out.files.size()), opened.size()};
                    out.files.push_back(member);
                } catch (const Error& error) {
                    out.warnings.push_back("of its set " + std::string(error.what()) +
                                           "; its planes are missing");
                }
            }
        }
        const auto& [number, size] = known->second;
        if (number < 0) continue;
        if (entry.at > size || page_bytes > size - entry.at) {
            ++cut;
            continue;
        }
        TiffScene& scene = out.scenes[numbers.at(scene_of(entry))];
        const std::int64_t plane =
            (times.number_of(entry) * scene.info.c + channels.number_of(entry)) * scene.info.z +
            slices.number_of(entry);
        scene.pages[static_cast<std::size_t>(plane)] = {entry.at, number};
    }
    if (cut > 0)
        out.warnings.push_back(count_of(cut, "plane") +
                               " of its NDTiff.index lie behind the end of their files; copy "
                               "the files again");
    std::erase_if(out.scenes, [](const TiffScene& scene) {
        return std::ranges::all_of(scene.pages, [](const PageRef& page) { return page.file < 0; });
    });
    if (out.scenes.empty()) return leave("names no plane that is there");
    for (TiffScene& scene : out.scenes)
        if (const auto warning = list_missing(scene)) out.warnings.push_back(*warning);
    return out;
}

}  // namespace cytofleet
