#include "io/tiff/shaped.hpp"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace cytofleet {
namespace {

constexpr std::size_t max_axes = 16;
constexpr std::int64_t max_elements = std::int64_t{1} << 50;

bool plausible(const std::vector<std::int64_t>& shape) {
    if (shape.empty() || shape.size() > max_axes) return false;
    std::int64_t product = 1;
    for (const std::int64_t size : shape) {
        if (size < 1 || size > max_elements / product) return false;
        product *= size;
    }
    return true;
}

std::optional<ShapedDescription> parse_old(std::string_view text) {
    ShapedDescription out;
    for (const std::string& part : split(text, ',')) {
        const std::size_t start = part.find_first_of("0123456789");
        if (start == std::string::npos) continue;
        std::int64_t size = 0;
        const char* const end = part.data() + part.size();
        if (std::from_chars(part.data() + start, end, size).ec != std::errc()) return std::nullopt;
        out.shape.push_back(size);
    }
    if (!plausible(out.shape)) return std::nullopt;
    return out;
}

std::string upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    return text;
}

}  // namespace

std::optional<ShapedDescription> parse_shaped(std::string_view description) {
    if (description.starts_with("shape=")) return parse_old(description.substr(6));
    if (!description.starts_with("{") || description.find("\"shape\"") == std::string_view::npos) {
        return std::nullopt;
    }
    // No exceptions and a bounded depth: the text comes from a file.
    const auto deepest = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
        return depth < 64;
    };
    const auto json = nlohmann::json::parse(description, deepest, false);
    if (!json.is_object() || !json.contains("shape") || !json["shape"].is_array()) {
        return std::nullopt;
    }
    ShapedDescription out;
    for (const auto& size : json["shape"]) {
        if (!size.is_number_integer() || out.shape.size() > max_axes) return std::nullopt;
        out.shape.push_back(size.is_number_unsigned() && size.get<std::uint64_t>() > max_elements
                                ? 0
                                : size.get<std::int64_t>());
    }
    if (!plausible(out.shape)) return std::nullopt;
    if (json.contains("axes") && json["axes"].is_string()) {
        out.axes = upper(json["axes"].get<std::string>());
        if (out.axes.size() != out.shape.size()) out.axes.clear();
    }
    if (json.contains("name") && json["name"].is_string()) out.name = json["name"];
    return out;
}

}  // namespace cytofleet
