#include "backend/cpu/winograd_conv.hpp"

#include "base/error.hpp"

namespace cytofleet::cpu {

WinogradConvolution::WinogradConvolution(const ConvNumbers& numbers, std::int64_t block,
                                         Sampling sampling)
    : in_(numbers.in),
      out_(numbers.out),
      sampling_(sampling),
      weights_(numbers.weights, numbers.in, numbers.out, block, sampling == Sampling::doubled),
      bias_(padded(numbers.bias, weights_.out_blocks() * block)) {}

void WinogradConvolution::run(CpuWorkspace& work, const BlockedFeatures& in,
                              const Affine* activation, BlockedFeatures& out,
                              const Epilogue& epilogue) const {
    const std::int64_t block = weights_.block();
    ensure(in.block() == block && out.block() == block, "maps are in the kernels' blocks");
    WinogradTask task;
    task.in = in.data();
    task.height = out.height;
    task.width = out.width;
    std::vector<float> in_scale;
    std::vector<float> in_shift;
    if (activation != nullptr) {
        in_scale = padded(activation->scale, weights_.in_blocks() * block);
        in_shift = padded(activation->shift, weights_.in_blocks() * block);
        task.in_scale = in_scale.data();
        task.in_shift = in_shift.data();
    }
    task.out = out.data();
    const std::int64_t outputs = weights_.out_blocks() * block;
    const std::vector<float> bias = epilogue.bias.empty() ? bias_ : padded(epilogue.bias, outputs);
    task.bias = bias.data();
    std::vector<float> add_scale;
    if (epilogue.add != nullptr) {
        const auto& add = static_cast<const BlockedFeatures&>(*epilogue.add);
        task.add = add.data();
        task.add_upsampled = add.height != out.height;
        if (!epilogue.add_scale.empty()) {
            add_scale = padded(epilogue.add_scale, outputs);
            task.add_scale = add_scale.data();
        }
    }
    task.relu = epilogue.relu;
    winograd_convolve(weights_, task,
                      work.scratch(winograd_scratch(weights_, out.height, out.width)));
}

}  // namespace cytofleet::cpu
