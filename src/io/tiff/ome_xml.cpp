#include "io/tiff/ome_xml.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

#include <pugixml.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "io/tiff/units.hpp"

namespace cytofleet {
namespace {

// No axis of a real image is longer; the product of three still fits 64 bits.
constexpr std::int64_t max_size = 1 << 20;
constexpr std::int64_t max_extent = std::int64_t{1} << 31;

std::string_view local(const char* name) {
    const char* const colon = std::strrchr(name, ':');
    return colon == nullptr ? name : colon + 1;
}

pugi::xml_node child(const pugi::xml_node& parent, std::string_view name) {
    return parent.find_child(
        [&](const pugi::xml_node& node) { return local(node.name()) == name; });
}

// For one document: carries its name into the errors.
class Parser {
  public:
    explicit Parser(const std::string& name) : name_(name) {}

    OmeDocument document(const pugi::xml_node& root) const;

  private:
    [[noreturn]] void fail(const std::string& problem) const {
        throw Error(ErrorKind::input,
                    name_ + ": its OME-XML " + problem + "; export the file again");
    }
    std::int64_t number(const pugi::xml_node& node, const char* name, std::int64_t fallback,
                        std::int64_t low, std::int64_t high) const;
    OmeImage image(const pugi::xml_node& node) const;
    OmeTiffData tiff_data(const pugi::xml_node& node) const;
    std::string dimension_order(const pugi::xml_node& pixels) const;

    const std::string& name_;
};

std::int64_t Parser::number(const pugi::xml_node& node, const char* name, std::int64_t fallback,
                            std::int64_t low, std::int64_t high) const {
    const pugi::xml_attribute attribute = node.attribute(name);
    if (attribute.empty()) return fallback;
    const std::string_view text = attribute.value();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < low || value > high) {
        fail("says " + std::string(name) + "=\"" + printable(text.substr(0, 40)) + "\"");
    }
    return value;
}

std::string Parser::dimension_order(const pugi::xml_node& pixels) const {
    std::string order = pixels.attribute("DimensionOrder").value();
    std::string sorted = order;
    std::sort(sorted.begin(), sorted.end());
    if (sorted != "CTXYZ" || !order.starts_with("XY")) {
        fail("has the unknown DimensionOrder \"" + printable(order.substr(0, 40)) + "\"");
    }
    std::reverse(order.begin(), order.end());
    return order.substr(0, 3);
}

std::optional<double> length(const pugi::xml_node& node, const char* name, const char* unit) {
    const auto value = to_number(node.attribute(name).value());
    if (!value) return std::nullopt;
    return positive(*value, micrometres_per(node.attribute(unit).as_string("um")));
}

OmeTiffData Parser::tiff_data(const pugi::xml_node& node) const {
    constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
    OmeTiffData data;
    const bool has_ifd = !node.attribute("IFD").empty();
    data.ifd = number(node, "IFD", 0, 0, most);
    data.planes = number(node, "NumPlanes", has_ifd ? 1 : 0, 0, most);
    data.planes = number(node, "PlaneCount", data.planes, 0, most);
    data.t = number(node, "FirstT", 0, 0, most);
    data.c = number(node, "FirstC", 0, 0, most);
    data.z = number(node, "FirstZ", 0, 0, most);
    if (const pugi::xml_node uuid = child(node, "UUID"); !uuid.empty()) {
        data.uuid = uuid.text().get();
        data.file_name = uuid.attribute("FileName").value();
    }
    return data;
}

OmeImage Parser::image(const pugi::xml_node& node) const {
    OmeImage image;
    image.name = node.attribute("Name").value();
    for (const char* const name : {"AcquisitionDate", "AcquiredDate", "CreationDate"}) {
        const pugi::xml_node date = child(node, name);
        if (!date.empty() && *date.text().get() != '\0') {
            image.acquired = date.text().get();
            break;
        }
    }
    const pugi::xml_node pixels = child(node, "Pixels");
    if (pixels.empty()) fail("has an Image without Pixels");
    image.axes = dimension_order(pixels);
    image.t = number(pixels, "SizeT", 1, 1, max_size);
    image.c = number(pixels, "SizeC", 1, 1, max_size);
    image.z = number(pixels, "SizeZ", 1, 1, max_size);
    image.y = number(pixels, "SizeY", 0, 1, max_extent);
    image.x = number(pixels, "SizeX", 0, 1, max_extent);
    if (image.y == 0 || image.x == 0) fail("lacks SizeX or SizeY");
    image.pixel_size.x = length(pixels, "PhysicalSizeX", "PhysicalSizeXUnit");
    image.pixel_size.y = length(pixels, "PhysicalSizeY", "PhysicalSizeYUnit");
    image.pixel_size.z = length(pixels, "PhysicalSizeZ", "PhysicalSizeZUnit");
    // Before 2008 the sizes belonged to the Image, in micrometres.
    if (!image.pixel_size.x) image.pixel_size.x = length(node, "PixelSizeX", "");
    if (!image.pixel_size.y) image.pixel_size.y = length(node, "PixelSizeY", "");
    if (!image.pixel_size.z) image.pixel_size.z = length(node, "PixelSizeZ", "");
    if (const auto step = to_number(pixels.attribute("TimeIncrement").value())) {
        image.time_increment =
            positive(*step, seconds_per(pixels.attribute("TimeIncrementUnit").as_string("s")));
    }
    for (const pugi::xml_node& item : pixels.children()) {
        const std::string_view kind = local(item.name());
        if (kind == "Channel") {
            const std::int64_t samples = number(item, "SamplesPerPixel", 1, 1, 65535);
            if (image.channel_names.empty()) image.samples = samples;
            const pugi::xml_attribute name = item.attribute("Name");
            image.channel_names.emplace_back(name.empty() ? item.attribute("ID").value()
                                                          : name.value());
        } else if (kind == "Plane") {
            const auto time = to_number(item.attribute("DeltaT").value());
            const auto unit = seconds_per(item.attribute("DeltaTUnit").as_string("s"));
            const auto t = to_number(item.attribute("TheT").value());
            if (time && unit && t && *t >= 0 && *t < static_cast<double>(max_size))
                image.times.emplace(static_cast<std::int64_t>(*t), *time * *unit);
        } else if (kind == "TiffData") {
            image.data.push_back(tiff_data(item));
        }
    }
    if (image.c % image.samples == 0) {
        image.c /= image.samples;
    } else {
        image.samples = 1;
    }
    return image;
}

OmeDocument Parser::document(const pugi::xml_node& root) const {
    OmeDocument out;
    out.uuid = root.attribute("UUID").value();
    for (const pugi::xml_node& node : root.children()) {
        const std::string_view kind = local(node.name());
        if (kind == "BinaryOnly") {
            out.metadata_file = node.attribute("MetadataFile").value();
        } else if (kind == "Image") {
            out.images.push_back(image(node));
        } else if (kind == "StructuredAnnotations") {
            for (const pugi::xml_node& note : node.children()) {
                if (local(note.name()) != "CommentAnnotation" ||
                    std::strcmp(note.attribute("Namespace").value(), "VLabApp") != 0) {
                    continue;
                }
                out.vlab_annotations.emplace_back(child(note, "Value").text().get());
            }
        }
    }
    return out;
}

}  // namespace

bool is_ome_xml(std::string_view text) {
    const std::size_t start = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
    if (start == std::string_view::npos || text[start] != '<') return false;
    // A comment of some hundred bytes usually comes before the root.
    const std::string_view head = text.substr(0, 8192);
    return head.find("<OME") != std::string_view::npos ||
           head.find(":OME") != std::string_view::npos;
}

OmeDocument parse_ome_xml(std::string_view xml, const std::string& name) {
    pugi::xml_document document;
    const pugi::xml_parse_result result =
        document.load_buffer(xml.data(), xml.size(), pugi::parse_default);
    if (!result) {
        throw Error(ErrorKind::input, name + ": its OME-XML is damaged at byte " +
                                          std::to_string(result.offset) + " (" +
                                          result.description() + "); export the file again");
    }
    const pugi::xml_node root = child(document, "OME");
    if (root.empty()) {
        throw Error(ErrorKind::input,
                    name + ": its OME-XML has no OME element; export the file again");
    }
    return Parser(name).document(root);
}

}  // namespace cytofleet
