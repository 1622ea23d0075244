#include "backend/convolve_check.hpp"

#include "base/error.hpp"

namespace cytofleet {
namespace {

bool per_channel(const Features* values, std::int64_t n, std::int64_t channels) {
    return values == nullptr ||
           ((values->n == 1 || values->n == n) && values->channels == channels &&
            values->height == 1 && values->width == 1);
}

}  // namespace

std::int64_t size(const Features& features) {
    return features.n * features.channels * features.height * features.width;
}

void check_activation(const Activation& activation, const Features& maps) {
    ensure((activation.scale == nullptr) == (activation.shift == nullptr) &&
               per_channel(activation.scale, 1, maps.channels) &&
               per_channel(activation.shift, maps.n, maps.channels),
           "an activation has its maps' channels");
}

void check_convolve(const ConvKind& kind, const Features& in, const Activation& activation,
                    const Features& out, const Epilogue& epilogue) {
    const std::int64_t factor = kind.sampling == Sampling::doubled ? 2 : 1;
    ensure(in.channels == kind.in && out.channels == kind.out,
           "the maps have the convolution's channels");
    ensure(factor * in.height == out.height && factor * in.width == out.width && in.n == out.n,
           "the maps have the convolution's sampling");
    check_activation(activation, in);
    check_activation(epilogue.next, out);
    ensure(
        per_channel(epilogue.bias, out.n, kind.out) && per_channel(epilogue.add_scale, 1, kind.out),
        "the epilogue has the output's channels");
    if (epilogue.add == nullptr) return;
    const Features& add = *epilogue.add;
    ensure(add.n == out.n && add.channels == out.channels &&
               ((add.height == out.height && add.width == out.width) ||
                (2 * add.height == out.height && 2 * add.width == out.width)),
           "what is added has the output's size or half of it");
}

}  // namespace cytofleet
