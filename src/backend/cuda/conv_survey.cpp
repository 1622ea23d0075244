#include "backend/cuda/conv_survey.hpp"

#include "backend/convolve_check.hpp"
#include "kernels/nn/device_maps.hpp"

namespace cytofleet::cuda {
namespace {

/// Sizes alone.
struct SizedFeatures : Features {
    SizedFeatures(std::int64_t tiles, std::int64_t channel_count, std::int64_t rows,
                  std::int64_t columns) {
        n = tiles;
        channels = channel_count;
        height = rows;
        width = columns;
    }
    bool constant = false;
};

struct SizedConvolution : Convolution {
    ConvKind kind;
    std::int64_t kernel = 1;
};

class SizedWorkspace : public Workspace {
  public:
    FeaturesPtr make(std::int64_t n, std::int64_t channels, std::int64_t height,
                     std::int64_t width) override {
        return std::make_unique<SizedFeatures>(n, channels, height, width);
    }
    FeaturesPtr make_planar(std::int64_t n, std::int64_t channels, std::int64_t height,
                            std::int64_t width) override {
        return make(n, channels, height, width);
    }
};

}  // namespace

ConvFusion wanted_fusion(const Features& out, const Epilogue& epilogue,
                         const std::function<bool(const Features&)>& shared) {
    if (epilogue.add != nullptr && epilogue.add->height != out.height) return {};
    const auto kind = [&](const Features* values) {
        return shared(*values) ? PerChannel::shared : PerChannel::per_tile;
    };
    ConvFusion form;
    form.bias = epilogue.bias == nullptr ? PerChannel::shared : kind(epilogue.bias);
    form.add = epilogue.add != nullptr;
    form.add_scale = form.add && epilogue.add_scale != nullptr;
    form.relu = epilogue.relu;
    if (epilogue.next.scale != nullptr) form.copy_shift = kind(epilogue.next.shift);
    return form;
}

std::shared_ptr<Convolution> ConvSurvey::make_convolution(ConvNumbers numbers,
                                                          Sampling sampling) const {
    auto out = std::make_shared<SizedConvolution>();
    out->kind = {numbers.in, numbers.out, sampling};
    out->kernel = numbers.kernel;
    return out;
}

std::shared_ptr<Linear> ConvSurvey::make_linear(LinearNumbers /*numbers*/) const {
    return std::make_shared<Linear>();
}

std::shared_ptr<Projection> ConvSurvey::make_projection(const Affine& /*affine*/,
                                                        const ConvNumbers& /*numbers*/) const {
    return std::make_shared<Projection>();
}

Constant ConvSurvey::make_constant(std::span<const float> values) const {
    auto out = std::make_shared<SizedFeatures>(1, std::ssize(values), 1, 1);
    out->constant = true;
    return out;
}

void ConvSurvey::for_pieces(
    std::int64_t n, const std::function<void(Workspace&, std::int64_t, std::int64_t)>& body) {
    SizedWorkspace work;
    if (n > 0) body(work, 0, n);
}

void ConvSurvey::convolve(Workspace& /*work*/, const Convolution& convolution, const Features& in,
                          const Activation& activation, Features& out,
                          const Epilogue& epilogue) const {
    const auto& conv = static_cast<const SizedConvolution&>(convolution);
    check_convolve(conv.kind, in, activation, out, epilogue);
    wanted_.insert({{out.n, padded_channels(in.channels), padded_channels(out.channels), out.height,
                     out.width, conv.kernel, precision_},
                    wanted_fusion(out, epilogue, [](const Features& values) {
                        return static_cast<const SizedFeatures&>(values).constant;
                    })});
}

}  // namespace cytofleet::cuda
