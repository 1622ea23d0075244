#include "backend/cuda/conv_fusion.hpp"

namespace cytofleet::cuda {

std::string ConvFusion::text() const {
    std::string out;
    const auto say = [&](bool is_there, const char* what) {
        if (!is_there) return;
        if (!out.empty()) out += ", ";
        out += what;
    };
    say(bias == PerChannel::shared, "bias");
    say(bias == PerChannel::per_tile, "bias of each tile");
    say(add && !add_scale, "addition");
    say(add && add_scale, "scaled addition");
    say(relu, "ReLU");
    say(copy_shift == PerChannel::shared, "copy");
    say(copy_shift == PerChannel::per_tile, "copy with shifts of each tile");
    return out.empty() ? "sums only" : out;
}

std::vector<ConvFusion> forms_of(const ConvFusion& wanted) {
    std::vector<ConvFusion> out{wanted};
    if (wanted.copy_shift != PerChannel::none) {
        out.push_back(wanted);
        out.back().copy_shift = PerChannel::none;
    }
    if (!out.back().sums_only()) out.push_back({});
    return out;
}

}  // namespace cytofleet::cuda
