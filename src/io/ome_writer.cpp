#include "io/ome_writer.hpp"

#include <array>
#include <cctype>
#include <cmath>
#include <optional>
#include <sstream>
#include <string_view>

#include <fmt/format.h>
#include <pugixml.hpp>

#include "base/text.hpp"
#include "base/version.hpp"

namespace cytofleet {
namespace {

constexpr const char* name_space = "http://www.openmicroscopy.org/Schemas/OME/2016-06";
constexpr const char* schema =
    "http://www.openmicroscopy.org/Schemas/OME/2016-06 "
    "http://www.openmicroscopy.org/Schemas/OME/2016-06/ome.xsd";

void add_size(pugi::xml_node pixels, const char* name, const std::optional<double>& value) {
    if (!value || !std::isfinite(*value) || *value <= 0) return;
    pixels.append_attribute(name) = fmt::format("{}", *value).c_str();
    pixels.append_attribute((std::string(name) + "Unit").c_str()) = "µm";
}

/// yyyy-mm-ddThh:mm:ss with an optional fraction and zone, as the schema wants it.
bool is_date_time(std::string_view text) {
    constexpr std::string_view form = "dddd-dd-ddTdd:dd:dd";
    if (text.size() < form.size() || text.size() > 40) return false;
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    for (std::size_t i = 0; i < form.size(); ++i)
        if (form[i] == 'd' ? !digit(text[i]) : text[i] != form[i]) return false;
    text.remove_prefix(form.size());
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        if (text.empty() || !digit(text[0])) return false;
        while (!text.empty() && digit(text[0])) text.remove_prefix(1);
    }
    return text.empty() || text == "Z" ||
           (text.size() == 6 && (text[0] == '+' || text[0] == '-') && digit(text[1]) &&
            digit(text[2]) && text[3] == ':' && digit(text[4]) && digit(text[5]));
}

pugi::xml_node add_pixels(pugi::xml_node image, const MaskFile& file) {
    const SceneInfo& in = file.input;
    pugi::xml_node pixels = image.append_child("Pixels");
    pixels.append_attribute("ID") = "Pixels:0:0";
    pixels.append_attribute("DimensionOrder") = "XYTZC";
    pixels.append_attribute("Type") = file.wide ? "uint32" : "uint16";
    pixels.append_attribute("SizeX") = static_cast<long long>(in.x);
    pixels.append_attribute("SizeY") = static_cast<long long>(in.y);
    pixels.append_attribute("SizeZ") = 1;
    pixels.append_attribute("SizeC") = 1;
    pixels.append_attribute("SizeT") = static_cast<long long>(in.t);
    pixels.append_attribute("BigEndian") = "false";
    add_size(pixels, "PhysicalSizeX", in.pixel_size.x);
    add_size(pixels, "PhysicalSizeY", in.pixel_size.y);
    add_size(pixels, "PhysicalSizeZ", in.pixel_size.z);
    if (in.time_increment && std::isfinite(*in.time_increment) && *in.time_increment > 0) {
        pixels.append_attribute("TimeIncrement") = fmt::format("{}", *in.time_increment).c_str();
        pixels.append_attribute("TimeIncrementUnit") = "s";
    }
    pugi::xml_node channel = pixels.append_child("Channel");
    channel.append_attribute("ID") = "Channel:0:0";
    channel.append_attribute("Name") = "Segmentation mask";
    channel.append_attribute("SamplesPerPixel") = 1;
    pugi::xml_node data = pixels.append_child("TiffData");
    data.append_attribute("IFD") = 0;
    data.append_attribute("PlaneCount") = static_cast<long long>(in.t);
    for (std::size_t t = 0; t < in.frame_times.size(); ++t) {
        pugi::xml_node plane = pixels.append_child("Plane");
        for (const char* axis : {"TheC", "TheZ"}) plane.append_attribute(axis) = 0;
        plane.append_attribute("TheT") = static_cast<long long>(t);
        plane.append_attribute("DeltaT") = fmt::format("{}", in.frame_times[t]).c_str();
        plane.append_attribute("DeltaTUnit") = "s";
    }
    return pixels;
}

void add_annotation(pugi::xml_node parent, std::size_t number, const char* space,
                    const std::string& text) {
    pugi::xml_node annotation = parent.append_child("CommentAnnotation");
    annotation.append_attribute("ID") = fmt::format("Annotation:{}", number).c_str();
    annotation.append_attribute("Namespace") = space;
    annotation.append_child("Value").text().set(printable_lines(text).c_str());
}

}  // namespace

std::string ome_xml(const MaskFile& file) {
    pugi::xml_document document;
    pugi::xml_node declaration = document.append_child(pugi::node_declaration);
    declaration.append_attribute("version") = "1.0";
    declaration.append_attribute("encoding") = "UTF-8";
    pugi::xml_node ome = document.append_child("OME");
    ome.append_attribute("xmlns") = name_space;
    ome.append_attribute("xmlns:xsi") = "http://www.w3.org/2001/XMLSchema-instance";
    ome.append_attribute("xsi:schemaLocation") = schema;
    ome.append_attribute("Creator") = ("cytofleet " + version()).c_str();
    pugi::xml_node image = ome.append_child("Image");
    image.append_attribute("ID") = "Image:0";
    if (file.input.acquired && is_date_time(*file.input.acquired))
        image.append_child("AcquisitionDate").text().set(file.input.acquired->c_str());
    add_pixels(image, file);
    if (!file.annotations.empty() || !file.empty_frames.empty()) {
        pugi::xml_node all = ome.append_child("StructuredAnnotations");
        std::size_t number = 0;
        for (const auto& text : file.annotations) add_annotation(all, number++, "VLabApp", text);
        if (!file.empty_frames.empty())
            add_annotation(all, number, "cytofleet",
                           fmt::format("Empty frames: {}", fmt::join(file.empty_frames, ", ")));
    }
    std::ostringstream out;
    document.save(out, "  ", pugi::format_default, pugi::encoding_utf8);
    return out.str();
}

}  // namespace cytofleet
