// Winograd's convolution against the definition in double.
#include "kernels/winograd/winograd.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <hwy/aligned_allocator.h>

#include "support/numbers.hpp"
#include "support/plain_convolution.hpp"

namespace cytofleet::test {
namespace {

/// Of outputs that are about 1, from inputs that are about 1.
constexpr double most_error = 2e-5;

/// A convolution with everything that can surround it, as planes.
struct Problem {
    std::int64_t in;
    std::int64_t out;
    std::int64_t height;  ///< of the output
    std::int64_t width;
    bool doubled = false;
    bool activation = false;
    bool add = false;
    bool add_scale = false;
    bool add_upsampled = false;
    bool relu = false;

    std::string name() const {
        std::string text = fmt::format("{} to {} channels, {} x {}", in, out, height, width);
        if (doubled) text += ", doubled";
        if (activation) text += ", activation";
        if (add) text += add_upsampled ? ", add upsampled" : ", add";
        if (add_scale) text += " scaled";
        if (relu) text += ", relu";
        return text;
    }
};

/// The numbers of a problem. Normal numbers have a deviation of 1.
struct Numbers {
    explicit Numbers(const Problem& p) {
        constexpr float unit = 1.7320508F;  // random_floats deviate by 1 / sqrt(3)
        const std::int64_t halves = p.doubled ? 4 : 1;
        const std::int64_t add_halves = p.add_upsampled ? 4 : 1;
        in = random_floats(p.in * p.height * p.width / halves, 1, unit);
        weights =
            random_floats(p.out * p.in * 9, 2, unit / std::sqrt(9.0F * static_cast<float>(p.in)));
        bias = random_floats(p.out, 3, unit);
        in_scale = random_floats(p.in, 4, unit);
        in_shift = random_floats(p.in, 5, unit);
        add = random_floats(p.out * p.height * p.width / add_halves, 6, unit);
        add_scale = random_floats(p.out, 7, unit);
    }
    std::vector<float> in, weights, bias, in_scale, in_shift, add, add_scale;
};

std::vector<double> wanted_of(const Problem& p, const Numbers& numbers) {
    const int halves = p.doubled ? 1 : 0;
    const std::int64_t in_pixels = (p.height >> halves) * (p.width >> halves);
    std::vector<double> in(numbers.in.begin(), numbers.in.end());
    if (p.activation)
        for (std::size_t i = 0; i < in.size(); ++i) {
            const std::size_t c = i / static_cast<std::size_t>(in_pixels);
            in[i] = std::max(0.0, in[i] * static_cast<double>(numbers.in_scale[c]) +
                                      static_cast<double>(numbers.in_shift[c]));
        }
    if (p.doubled) in = upsampled_plainly(in, p.height / 2, p.width / 2);
    std::vector<double> out = convolved_plainly(in, p.height, p.width, numbers.weights, p.out, 3);
    std::vector<double> add(numbers.add.begin(), numbers.add.end());
    if (p.add_upsampled) add = upsampled_plainly(add, p.height / 2, p.width / 2);
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::size_t c = i / static_cast<std::size_t>(p.height * p.width);
        out[i] += static_cast<double>(numbers.bias[c]);
        if (p.add)
            out[i] += add[i] * (p.add_scale ? static_cast<double>(numbers.add_scale[c]) : 1.0);
        if (p.relu) out[i] = std::max(0.0, out[i]);
    }
    return out;
}

/// 64-byte aligned maps (blocks, pixels, block), channels padded with zeros.
class Maps {
  public:
    Maps(std::int64_t channels, std::int64_t pixels, std::int64_t block)
        : channels_(channels),
          pixels_(pixels),
          block_(block),
          size_(static_cast<std::size_t>((channels + block - 1) / block * block * pixels)),
          data_(hwy::AllocateAligned<float>(size_)) {
        std::fill_n(data_.get(), size_, 0.0F);
    }
    Maps(const std::vector<float>& planes, std::int64_t channels, std::int64_t block)
        : Maps(channels, std::ssize(planes) / channels, block) {
        for (std::int64_t c = 0; c < channels_; ++c)
            for (std::int64_t p = 0; p < pixels_; ++p)
                data_[index(c, p)] = planes[static_cast<std::size_t>(c * pixels_ + p)];
    }
    float* data() { return data_.get(); }
    std::vector<float> planes() const {
        std::vector<float> out;
        for (std::int64_t c = 0; c < channels_; ++c)
            for (std::int64_t p = 0; p < pixels_; ++p) out.push_back(data_[index(c, p)]);
        return out;
    }
    /// What stands in the channels that fill up the last block.
    bool padding_is_zero() const {
        for (std::int64_t c = channels_; c % block_ != 0; ++c)
            for (std::int64_t p = 0; p < pixels_; ++p)
                if (data_[index(c, p)] != 0.0F) return false;
        return true;
    }

  private:
    std::size_t index(std::int64_t c, std::int64_t p) const {
        return static_cast<std::size_t>(((c / block_) * pixels_ + p) * block_ + c % block_);
    }
    std::int64_t channels_;
    std::int64_t pixels_;
    std::int64_t block_;
    std::size_t size_;
    hwy::AlignedFreeUniquePtr<float[]> data_;
};

std::vector<float> padded(std::vector<float> values, std::int64_t block) {
    values.resize((values.size() + static_cast<std::size_t>(block) - 1) /
                  static_cast<std::size_t>(block) * static_cast<std::size_t>(block));
    return values;
}

/// By the kernels of this instruction set. `in_place`: the map to add is the output.
std::vector<float> run(const Problem& p, const Numbers& numbers, bool in_place) {
    const std::int64_t block = cpu::winograd_block();
    const cpu::WinogradWeights weights(numbers.weights, p.in, p.out, block, p.doubled);
    Maps in(numbers.in, p.in, block);
    Maps add(numbers.add, p.out, block);
    Maps fresh(p.out, p.height * p.width, block);
    Maps& out = in_place ? add : fresh;
    const std::vector<float> in_scale = padded(numbers.in_scale, block);
    const std::vector<float> in_shift = padded(numbers.in_shift, block);
    const std::vector<float> bias = padded(numbers.bias, block);
    const std::vector<float> add_scale = padded(numbers.add_scale, block);
    cpu::WinogradTask task;
    task.in = in.data();
    task.height = p.height;
    task.width = p.width;
    task.in_scale = p.activation ? in_scale.data() : nullptr;
    task.in_shift = p.activation ? in_shift.data() : nullptr;
    task.out = out.data();
    task.bias = bias.data();
    task.add = p.add ? add.data() : nullptr;
    task.add_scale = p.add_scale ? add_scale.data() : nullptr;
    task.add_upsampled = p.add_upsampled;
    task.relu = p.relu;
    const auto floats = static_cast<std::size_t>(cpu::winograd_scratch(weights, p.height, p.width));
    auto scratch = hwy::AllocateAligned<float>(floats);
    std::fill_n(scratch.get(), floats, 1e30F);  // what was there before must not show
    cpu::winograd_convolve(weights, task, {scratch.get(), floats});
    EXPECT_TRUE(out.padding_is_zero());
    return out.planes();
}

/// Every instruction set that has kernels: close to the definition, and all the same bits.
class Winograd : public testing::Test {
  protected:
    void check(const Problem& p) {
        const Numbers numbers(p);
        const std::vector<double> wanted = wanted_of(p, numbers);
        std::vector<float> first;
        for_every_simd([&](const std::string& simd) {
            if (cpu::winograd_block() == 0) return;
            const std::vector<float> got = run(p, numbers, false);
            ASSERT_EQ(got.size(), wanted.size());
            double worst = 0;
            for (std::size_t i = 0; i < got.size(); ++i)
                worst = std::max(worst, std::abs(static_cast<double>(got[i]) - wanted[i]));
            EXPECT_LE(worst, most_error) << p.name() << " by " << simd;
            worst_ = std::max(worst_, worst);
            if (first.empty()) first = got;
            EXPECT_TRUE(same_bits(got, first)) << p.name() << " by " << simd;
            if (p.add && !p.add_upsampled) {
                EXPECT_TRUE(same_bits(run(p, numbers, true), first)) << p.name() << " in place";
            }
            ++runs_;
        });
    }
    void TearDown() override {
        RecordProperty("largest error", fmt::format("{:.2e}", worst_));
        EXPECT_EQ(runs_ > 0, cpu::winograd_block() > 0);
    }

  private:
    double worst_ = 0;
    int runs_ = 0;
};

constexpr std::int64_t channels[] = {1, 2, 3, 16, 20, 32, 48};
/// None but the first is a multiple of 4 both ways; all are even, as an upsampled input needs.
constexpr std::int64_t sizes[][2] = {{16, 20}, {18, 16}, {22, 34}, {16, 50}, {26, 18}, {30, 22}};

TEST_F(Winograd, AllChannels) {
    std::size_t turn = 0;
    for (const std::int64_t in : channels)
        for (const std::int64_t out : channels) {
            const auto [height, width] = sizes[turn++ % std::size(sizes)];
            check({in, out, height, width});
            check({in, out, height, width, true});
        }
}

TEST_F(Winograd, OddSizes) {
    for (const auto& [height, width] :
         {std::pair{1, 1}, {1, 80}, {17, 1}, {3, 5}, {19, 23}, {33, 66}, {80, 77}, {79, 45}})
        check({20, 32, height, width});
    for (const auto& [height, width] : {std::pair{2, 2}, {2, 46}, {6, 10}, {34, 66}, {80, 78}})
        check({32, 20, height, width, true});
}

TEST_F(Winograd, EverythingAround) {
    for (int mask = 0; mask < 64; ++mask) {
        const auto is = [mask](int bit) { return (mask >> bit & 1) != 0; };
        Problem p{20, 48, 18, 26, is(0), is(1), is(2), is(3), is(4), is(5)};
        if (!p.add && (p.add_scale || p.add_upsampled)) continue;
        check(p);
    }
}

TEST_F(Winograd, ManyChannelsOnFewPixels) {
    check({256, 128, 14, 14});
    check({128, 64, 14, 14, true});
}

TEST(WinogradPromises, AreKept) {
    const std::vector<float> numbers(9, 1.0F);
    EXPECT_THROW(cpu::WinogradWeights(std::span(numbers).first(8), 1, 1, 8, false),
                 std::logic_error);
    Maps maps(1, 64, 16);
    const std::vector<float> bias(16);
    cpu::WinogradTask task;
    task.in = maps.data();
    task.out = maps.data();
    task.bias = bias.data();
    task.height = 8;
    task.width = 7;
    auto scratch = hwy::AllocateAligned<float>(1 << 20);
    for (const std::int64_t block : {8, 16}) {
        const cpu::WinogradWeights plain(numbers, 1, 1, block, false);
        const cpu::WinogradWeights doubled(numbers, 1, 1, block, true);
        const auto enough = static_cast<std::size_t>(cpu::winograd_scratch(plain, 8, 7));
        const auto convolve = [&](const cpu::WinogradWeights& weights, std::size_t floats) {
            cpu::winograd_convolve(weights, task, {scratch.get(), floats});
        };
        EXPECT_THROW(convolve(plain, enough - 1), std::logic_error);
        EXPECT_THROW(convolve(doubled, 1 << 20), std::logic_error) << "an odd width";
        if (block == cpu::winograd_block())
            EXPECT_NO_THROW(convolve(plain, enough));
        else
            EXPECT_THROW(convolve(plain, enough), std::logic_error) << "another block";
    }
}

}  // namespace
}  // namespace cytofleet::test
