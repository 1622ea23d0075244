// Where the library refuses to fuse, kernels of our own do the rest: the same results but for
// rounding, and in float32 within what one operation may be off.
#include <algorithm>
#include <cmath>
#include <functional>

#include <gtest/gtest.h>

#include "backend/cpu/cpu_ops.hpp"
#include "backend/cuda/cuda_ops.hpp"
#include "gpu/emulation/refusals.hpp"
#include "gpu/test_kernels.hpp"
#include "models/cellpose/network.hpp"
#include "models/golden_model.hpp"
#include "support/numbers.hpp"

namespace cytofleet {
namespace {

using cuda::ConvFusion;
using cuda::PerChannel;

/// While this lives.
class Refusing {
  public:
    explicit Refusing(const std::function<bool(const ConvFusion&)>& what) {
        cuda::refusals() = [what](const cuda::ConvShape&, const ConvFusion& form) {
            return what(form);
        };
    }
    ~Refusing() { cuda::refusals() = {}; }
    Refusing(const Refusing&) = delete;
    Refusing& operator=(const Refusing&) = delete;
};

std::vector<float> ask(const std::shared_ptr<NnOps>& ops, const Weights& weights) {
    constexpr std::int64_t side = 16;
    CpNet net(ops, weights);
    std::vector<float> out(static_cast<std::size_t>(2 * 3 * side * side));
    std::vector<float> styles(static_cast<std::size_t>(2 * net.style_size()));
    net(test::random_floats(2 * 2 * side * side, 1), 2, side, side, out, styles);
    return out;
}

/// Over the largest number: of noise the network makes flows that are longer than cells' are.
double error_of(const std::vector<float>& got, const std::vector<float>& wanted) {
    double off = 0;
    double largest = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        const double here = std::abs(static_cast<double>(got[i]) - static_cast<double>(wanted[i]));
        if (!(here <= off)) off = here;
        largest = std::max(largest, static_cast<double>(std::abs(wanted[i])));
    }
    return off / largest;
}

TEST(EmulatedRefusals, TheNetworkIsTheSameWhateverIsFused) {
    const Weights weights = test::weights_of("cyto_mini");
    const std::vector<float> wanted = ask(make_cpu_ops(1), weights);
    const std::pair<const char*, std::function<bool(const ConvFusion&)>> refusals[] = {
        {"nothing", [](const ConvFusion&) { return false; }},
        {"copies", [](const ConvFusion& form) { return form.copy_shift != PerChannel::none; }},
        {"values of each tile",
         [](const ConvFusion& form) {
             return form.bias == PerChannel::per_tile || form.copy_shift == PerChannel::per_tile;
         }},
        {"everything", [](const ConvFusion& form) { return !form.sums_only(); }}};
    for (const Precision precision : {Precision::fp32, Precision::fp16})
        for (const auto& [name, what] : refusals) {
            const Refusing refusing(what);
            const auto ops = make_cuda_ops(precision, nullptr, cuda::test_kernels());
            const double bar = precision == Precision::fp32 ? 2e-5 : 1e-2;
            EXPECT_LE(error_of(ask(ops, weights), wanted), bar) << name;
            // And it was as the test wants it.
            bool fused = false;
            bool copied = false;
            for (const std::string& choice : ops->choices()) {
                const std::string taken = choice.substr(choice.find("wanted"));
                fused |= taken.find("bias") != std::string::npos;
                copied |= taken.find("copy") != std::string::npos;
            }
            EXPECT_EQ(fused, std::string(name) != "everything") << name;
            EXPECT_EQ(copied, std::string(name) != "everything" && std::string(name) != "copies")
                << name;
        }
}

}  // namespace
}  // namespace cytofleet
