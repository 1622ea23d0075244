#include "gpu/bench/values.hpp"

#include <cmath>

#include <fmt/format.h>

namespace cytofleet::bench {

std::string text_of(const Value& value) {
    if (const auto* text = std::get_if<std::string>(&value)) return *text;
    const auto* number = std::get_if<double>(&value);
    if (number == nullptr) return "-";
    if (!std::isfinite(*number)) return "not a number";
    const double size = std::abs(*number);
    if (*number == std::floor(*number) && size < 1e12) return fmt::format("{:.0f}", *number);
    if (size > 0 && size < 1e-3) return fmt::format("{:.2e}", *number);
    return fmt::format("{:.{}f}", *number, size >= 1000 ? 0 : (size >= 10 ? 1 : 3));
}

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\')
            (out += '\\') += c;
        else if (static_cast<unsigned char>(c) < 0x20)
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        else
            out += c;
    }
    return out + '"';
}

std::string json_of(const Value& value) {
    const auto* number = std::get_if<double>(&value);
    if (number != nullptr && std::isfinite(*number)) return fmt::format("{}", *number);
    if (const auto* text = std::get_if<std::string>(&value)) return quoted(*text);
    return "null";
}

std::string json_of(const Fields& fields) {
    std::string out;
    for (const auto& [name, value] : fields)
        out += fmt::format("{}{}:{}", out.empty() ? "{" : ",", quoted(name), json_of(value));
    return out + '}';
}

}  // namespace cytofleet::bench
