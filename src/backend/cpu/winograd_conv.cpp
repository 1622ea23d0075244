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
                              const Activation& activation, BlockedFeatures& out,
                              const Epilogue& epilogue) const {
    const std::int64_t block = weights_.block();
    ensure(in.block() == block && out.block() == block, "maps are in the kernels' blocks");
    WinogradTask task;
    task.in = in.data();
    task.height = out.height;
    task.width = out.width;
    if (activation.scale != nullptr) {
        task.in_scale = blocked(*activation.scale).data();
        task.in_shift = blocked(*activation.shift).data();
    }
    task.out = out.data();
    task.bias = epilogue.bias == nullptr ? bias_.data() : blocked(*epilogue.bias).data();
    if (epilogue.add != nullptr) {
        task.add = blocked(*epilogue.add).data();
        task.add_upsampled = epilogue.add->height != out.height;
        if (epilogue.add_scale != nullptr) task.add_scale = blocked(*epilogue.add_scale).data();
    }
    task.relu = epilogue.relu;
    winograd_convolve(weights_, task,
                      work.scratch(winograd_scratch(weights_, out.height, out.width)));
}

}  // namespace cytofleet::cpu
