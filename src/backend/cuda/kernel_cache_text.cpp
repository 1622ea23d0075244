#include "backend/cuda/kernel_cache_text.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace cytofleet::cuda {
namespace {

constexpr std::string_view opening = "\"knobChoices\":{";
/// Names that cuDNN knows.
constexpr std::array<std::string_view, 8> spares{
    "CUDNN_KNOB_TYPE_SWIZZLE",  "CUDNN_KNOB_TYPE_TILE_SIZE", "CUDNN_KNOB_TYPE_EDGE",
    "CUDNN_KNOB_TYPE_MULTIPLY", "CUDNN_KNOB_TYPE_STAGES",    "CUDNN_KNOB_TYPE_IDX_MODE",
    "CUDNN_KNOB_TYPE_SPECFILT", "CUDNN_KNOB_TYPE_TILEK"};

/// "," and as many knobs as `knobs` has, of types that it lacks.
std::string more(std::string_view knobs) {
    if (knobs.find(':') == std::string_view::npos) return {};
    auto missing = std::ranges::count(knobs, ':');
    std::string out;
    for (const std::string_view spare : spares) {
        if (missing == 0) break;
        if (knobs.find(spare) != std::string_view::npos) continue;
        out += ",\"" + std::string(spare) + "\":0";
        --missing;
    }
    return out;
}

}  // namespace

std::string with_spare_knobs(const std::string& json) {
    std::string out;
    std::string_view rest = json;
    for (;;) {
        const auto at = rest.find(opening);
        if (at == std::string_view::npos) break;
        const auto end = rest.find('}', at + opening.size());
        if (end == std::string_view::npos) break;
        const std::string_view knobs = rest.substr(at + opening.size(), end - at - opening.size());
        out += rest.substr(0, end);
        out += more(knobs);
        rest.remove_prefix(end);
    }
    return out.append(rest);
}

}  // namespace cytofleet::cuda
