#include "models/cellpose/scale.hpp"

namespace cytofleet {

Extent Scale::apply(Extent frame) const {
    const auto scaled = [this](std::int64_t size) {
        if (single_)
            return static_cast<std::int64_t>(static_cast<float>(size) * static_cast<float>(value_));
        return static_cast<std::int64_t>(static_cast<double>(size) * value_);
    };
    return {scaled(frame.height), scaled(frame.width)};
}

std::int64_t Scale::default_steps(bool resample) const {
    if (!resample) return 200;
    if (single_) {
        const float inverse = 1.0F / static_cast<float>(value_);
        return static_cast<std::int64_t>(inverse * 200.0F);
    }
    const double inverse = 1.0 / value_;
    return static_cast<std::int64_t>(inverse * 200.0);
}

}  // namespace cytofleet
