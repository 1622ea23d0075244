#include "backend/cpu/cpu_ops.hpp"

#include <algorithm>
#include <exception>
#include <mutex>

#include <fmt/format.h>
#include <hwy/targets.h>
#include <omp.h>

#include "backend/cpu/onednn_conv.hpp"
#include "backend/cpu/pointwise.hpp"
#include "backend/cpu/winograd_conv.hpp"
#include "base/error.hpp"

namespace cytofleet {
namespace {

using cpu::BlockedFeatures;
using cpu::padded;

const BlockedFeatures& blocked(const Features& features) {
    return static_cast<const BlockedFeatures&>(features);
}
BlockedFeatures& blocked(Features& features) {
    return static_cast<BlockedFeatures&>(features);
}

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

    void for_pieces(
        std::int64_t n,
        const std::function<void(Workspace&, std::int64_t, std::int64_t)>& body) override {
        const int threads = static_cast<int>(std::min<std::int64_t>(threads_, n));
        while (static_cast<int>(workspaces_.size()) < threads)
            workspaces_.push_back(std::make_unique<cpu::CpuWorkspace>(engine_, block_));
        std::exception_ptr failed;
        std::mutex mutex;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
        for (std::int64_t i = 0; i < n; ++i) {
            try {
                body(*workspaces_[static_cast<std::size_t>(omp_get_thread_num())], i, 1);
            } catch (...) {
                const std::lock_guard lock(mutex);
                if (!failed) failed = std::current_exception();
            }
        }
        if (failed) std::rethrow_exception(failed);
    }

    void upload(std::span<const float> tiles, Features& out) const override {
        ensure(blocked(out).block() == 1, "the network's input is planar");
        std::ranges::copy(tiles, blocked(out).data());
    }

    void convolve(Workspace& work, const Convolution& convolution, const Features& in,
                  const Affine* activation, Features& out,
                  const Epilogue& epilogue) const override {
        const auto& conv = static_cast<const cpu::CpuConvolution&>(convolution);
        const std::int64_t factor = conv.sampling() == Sampling::doubled ? 2 : 1;
        ensure(in.channels == conv.in_channels() && out.channels == conv.out_channels(),
               "the maps have the convolution's channels");
        ensure(factor * in.height == out.height && factor * in.width == out.width,
               "the maps have the convolution's sampling");
        conv.run(static_cast<cpu::CpuWorkspace&>(work), blocked(in), activation, blocked(out),
                 epilogue);
    }

    void max_pool(const Features& in, Features& out) const override {
        cpu::max_pool(blocked(in).view(), blocked(out).view());
    }

    void mean(const Features& in, std::span<float> out) const override {
        std::vector<float> all(static_cast<std::size_t>(blocked(in).padded_channels()));
        cpu::mean(blocked(in).view(), all);
        std::copy_n(all.begin(), out.size(), out.begin());
    }

    void project(const Features& in, const Affine& affine, const ConvNumbers& numbers,
                 std::span<float> out) const override {
        const std::int64_t channels = blocked(in).padded_channels();
        std::vector<float> weights(static_cast<std::size_t>(numbers.out * channels));
        for (std::int64_t o = 0; o < numbers.out; ++o)
            std::copy_n(numbers.weights.begin() + o * numbers.in, numbers.in,
                        weights.begin() + o * channels);
        cpu::project(blocked(in).view(), padded(affine.scale, channels),
                     padded(affine.shift, channels), weights, numbers.bias, out);
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
