#include "backend/cpu/cpu_ops.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <hwy/targets.h>

#include "backend/convolve_check.hpp"
#include "backend/cpu/dense.hpp"
#include "backend/cpu/onednn_conv.hpp"
#include "backend/cpu/pointwise.hpp"
#include "backend/cpu/winograd_conv.hpp"
#include "base/error.hpp"
#include "kernels/support/parallel.hpp"

namespace cytofleet {
namespace {

using cpu::blocked;
using cpu::BlockedFeatures;

bool has_avx512() {
    const auto wanted = static_cast<unsigned>(dnnl::cpu_isa::avx512_core);
    return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & wanted) == wanted;
}

/// ONEDNN_MAX_CPU_ISA limits all kernels, not only oneDNN's.
std::int64_t agree_on_block() {
    if (!has_avx512()) hwy::DisableTargets(HWY_AVX3 | HWY_AVX3_DL);
    const std::int64_t block = cpu::winograd_block();
    return block == 0 ? 8 : block;
}

class CpuOps : public NnOps {
  public:
    explicit CpuOps(int threads)
        : threads_(std::max(1, threads)),
          engine_(dnnl::engine::kind::cpu, 0),
          block_(agree_on_block()) {}

    std::string description() const override {
        const auto* version = dnnl::version();
        return fmt::format("oneDNN {}.{}.{} {}", version->major, version->minor, version->patch,
                           instruction_set());
    }

    std::shared_ptr<Convolution> make_convolution(ConvNumbers numbers,
                                                  Sampling sampling) const override {
        // A few input channels would fill a block with zeros; they stay planar, for oneDNN.
        if (numbers.kernel == 3 && numbers.in >= few_channels && block_ == cpu::winograd_block())
            return std::make_shared<cpu::WinogradConvolution>(numbers, block_, sampling);
        return std::make_shared<cpu::OneDnnConvolution>(engine_, std::move(numbers), block_,
                                                        sampling);
    }

    std::shared_ptr<Linear> make_linear(LinearNumbers numbers) const override {
        return std::make_shared<cpu::CpuLinear>(std::move(numbers));
    }

    std::shared_ptr<Projection> make_projection(const Affine& affine,
                                                const ConvNumbers& numbers) const override {
        return std::make_shared<cpu::CpuProjection>(affine, numbers, block_);
    }

    Constant make_constant(std::span<const float> values) const override {
        return std::make_shared<BlockedFeatures>(values, block_);
    }

    void for_pieces(
        std::int64_t n,
        const std::function<void(Workspace&, std::int64_t, std::int64_t)>& body) override {
        const int threads = static_cast<int>(std::min<std::int64_t>(threads_, n));
        while (static_cast<int>(workspaces_.size()) < threads)
            workspaces_.push_back(std::make_unique<cpu::CpuWorkspace>(engine_, block_));
        parallel_on_demand({threads}, n, 1, [&](std::int64_t i, int thread) {
            body(*workspaces_[static_cast<std::size_t>(thread)], i, 1);
        });
    }

    void upload(std::span<const float> planes, Features& out) const override {
        ensure(std::ssize(planes) == size(out), "planes and features have one size");
        blocked(out).assign(planes);
    }

    void download(const Features& in, std::span<float> planes) const override {
        ensure(std::ssize(planes) == size(in), "planes and features have one size");
        blocked(in).copy_to(planes);
    }

    void convolve(Workspace& work, const Convolution& convolution, const Features& in,
                  const Activation& activation, Features& out,
                  const Epilogue& epilogue) const override {
        const auto& conv = static_cast<const cpu::CpuConvolution&>(convolution);
        check_convolve({conv.in_channels(), conv.out_channels(), conv.sampling()}, in, activation,
                       out, epilogue);
        conv.run(static_cast<cpu::CpuWorkspace&>(work), blocked(in), activation, blocked(out),
                 epilogue);
    }

    void max_pool(const Features& in, Features& out, const Activation& next) const override {
        check_activation(next, out);
        cpu::max_pool(blocked(in).view(), blocked(out).view());
    }

    void mean(const Features& in, Features& out) const override {
        cpu::mean(blocked(in).view(), blocked(out).per_channel());
    }

    void unit_length(Features& values) const override { cpu::unit_length(blocked(values)); }

    void linear(const Linear& linear, const Features& in, Features& out) const override {
        static_cast<const cpu::CpuLinear&>(linear).run(blocked(in), blocked(out));
    }

    void project(const Projection& projection, const Features& in, Features& out) const override {
        static_cast<const cpu::CpuProjection&>(projection).run(blocked(in), blocked(out));
    }

  private:
    static constexpr std::int64_t few_channels = 3;
    static std::string_view instruction_set() {
        if (has_avx512()) return "AVX-512";
        return static_cast<unsigned>(dnnl::get_effective_cpu_isa()) >=
                       static_cast<unsigned>(dnnl::cpu_isa::avx2)
                   ? "AVX2"
                   : "SSE4.1";
    }

    int threads_;
    dnnl::engine engine_;
    std::int64_t block_;
    std::vector<std::unique_ptr<cpu::CpuWorkspace>> workspaces_;
};

}  // namespace

std::shared_ptr<NnOps> make_cpu_ops(int threads) {
    return std::make_shared<CpuOps>(threads);
}

}  // namespace cytofleet
