#include "kernels/resize/resize.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>

#include "kernels/planes.hpp"
#include "support/golden.hpp"
#include "support/parity.hpp"

namespace cytofleet::test {
namespace {

using Resize = void (*)(const Exec&, std::span<const float>, Extent, std::span<float>, Extent);

std::vector<float> resized(Resize resize, const Exec& exec, std::span<const float> planes,
                           Extent from, Extent to) {
    const std::size_t count = planes.size() / static_cast<std::size_t>(from.pixels());
    const auto in = static_cast<std::size_t>(from.pixels());
    const auto out = static_cast<std::size_t>(to.pixels());
    std::vector<float> result(count * out);
    for (std::size_t c = 0; c < count; ++c)
        resize(exec, planes.subspan(c * in, in), from, std::span(result).subspan(c * out, out), to);
    return result;
}

std::vector<std::uint32_t> resized_labels(const Exec& exec, std::span<const std::uint32_t> labels,
                                          Extent from, Extent to) {
    std::vector<std::uint32_t> out(static_cast<std::size_t>(to.pixels()));
    resize_labels(exec, labels, from, out, to);
    return out;
}

TEST(Resize, GoldenPairs) {
    for (const Case& golden : cases("resize")) {
        const std::string name = "resize/" + golden.name;
        const Npy input = golden.array("input");
        const Npy output = golden.array("output");
        const Extent from = extent_of(input);
        const Extent to = extent_of(output);
        if (input.shape.size() == 2) {
            expect_same(name, "output", resized_labels({2}, input.labels(), from, to),
                        output.labels());
        } else {
            const Resize rule = input.shape.at(2) == 2 ? resize_input : resize_output;
            expect_same(name, "output", resized(rule, {2}, planes_of(input), from, to),
                        planes_of(output));
        }
    }
}

TEST(Resize, GoldenNetworkInputs) {
    for (const Case& golden : cases("stages")) {
        const Npy before = golden.array("normalised");
        const Npy after = golden.array("resized");
        expect_same(
            "stages/" + golden.name, "resized",
            resized(resize_input, {2}, planes_of(before), extent_of(before), extent_of(after)),
            planes_of(after));
    }
}

TEST(Resize, GoldenNetworkOutputs) {
    for (const Case& golden : cases("stages")) {
        if (!golden.has("net_out")) continue;  // one_nan
        const Npy small = golden.array("net_out");
        const Npy flows = golden.array("dP");
        std::vector<float> wanted = flows.floats();
        std::ranges::copy(golden.array("cellprob").floats(), std::back_inserter(wanted));
        expect_same("stages/" + golden.name, "resized output",
                    resized(resize_output, {2}, small.floats(), {small.shape[1], small.shape[2]},
                            {flows.shape[1], flows.shape[2]}),
                    wanted);
    }
}

enum class Rule { opencv, ipp };

/// One axis of cellpose3.md 2.6, position by position. `at(i)` reads the source.
template <class At>
float between(Rule rule, std::int64_t i, std::int64_t from, std::int64_t to, bool columns,
              const At& at) {
    const double ratio = static_cast<double>(from) / static_cast<double>(to);
    double x = (static_cast<double>(i) + 0.5) * ratio - 0.5;
    if (rule == Rule::opencv) x = static_cast<float>(x);
    const auto low = static_cast<std::int64_t>(std::floor(x));
    auto f = static_cast<float>(x - std::floor(x));
    if ((low < 0 || low >= from - 1) && (columns || rule == Rule::ipp)) f = 0;
    const float a = at(std::clamp<std::int64_t>(low, 0, from - 1));
    const float b = at(std::clamp<std::int64_t>(low + 1, 0, from - 1));
    return rule == Rule::opencv ? a * (1.0F - f) + b * f : std::fma(b - a, f, a);
}

std::vector<float> plain(Rule rule, std::span<const float> in, Extent from, Extent to) {
    const auto half = [&](std::int64_t y, std::int64_t x) {
        return between(rule, x, from.width, to.width, true, [&](std::int64_t column) {
            return in[static_cast<std::size_t>(y * from.width + column)];
        });
    };
    std::vector<float> out;
    for (std::int64_t y = 0; y < to.height; ++y)
        for (std::int64_t x = 0; x < to.width; ++x)
            out.push_back(between(rule, y, from.height, to.height, false,
                                  [&](std::int64_t row) { return half(row, x); }));
    return out;
}

const std::vector<std::array<Extent, 2>> sizes{
    {Extent{37, 53}, Extent{90, 71}}, {Extent{90, 71}, Extent{37, 53}},
    {Extent{2, 2}, Extent{65, 67}},   {Extent{65, 67}, Extent{1, 1}},
    {Extent{64, 50}, Extent{32, 49}}, {Extent{63, 51}, Extent{64, 200}}};

TEST(Resize, EqualsThePlainRuleOnEveryInstructionSet) {
    for (const auto& [from, to] : sizes) {
        const std::vector<float> in = random_floats(from.pixels(), 11, 500);
        const std::vector<float> input = plain(Rule::opencv, in, from, to);
        const std::vector<float> output = plain(Rule::ipp, in, from, to);
        for_every_simd([&, from = from, to = to](const std::string& name) {
            for (const int threads : {1, 3}) {
                SCOPED_TRACE(name);
                EXPECT_TRUE(same_bits(resized(resize_input, {threads}, in, from, to), input));
                EXPECT_TRUE(same_bits(resized(resize_output, {threads}, in, from, to), output));
            }
        });
    }
}

TEST(Resize, HalvingIsAMeanOfFour) {
    const Extent from{46, 94};
    const Extent to{23, 47};
    const std::vector<float> in = random_floats(from.pixels(), 12, 500);
    std::vector<float> wanted;
    for (std::int64_t y = 0; y < to.height; ++y)
        for (std::int64_t x = 0; x < to.width; ++x) {
            const float* const upper = in.data() + 2 * y * from.width + 2 * x;
            const float* const lower = upper + from.width;
            wanted.push_back((((upper[0] + upper[1]) + lower[0]) + lower[1]) * 0.25F);
        }
    for_every_simd([&](const std::string& name) {
        SCOPED_TRACE(name);
        EXPECT_TRUE(same_bits(resized(resize_input, {2}, in, from, to), wanted));
    });
    EXPECT_TRUE(
        same_bits(resized(resize_output, {1}, in, from, to), plain(Rule::ipp, in, from, to)));
}

TEST(Resize, AnAxisOfOnePixelIsNotForIpp) {
    for (const Extent from : {Extent{1, 30}, Extent{30, 1}, Extent{1, 1}}) {
        const Extent to{41, 43};
        const std::vector<float> in = random_floats(from.pixels(), 13, 500);
        EXPECT_TRUE(same_bits(resized(resize_output, {1}, in, from, to),
                              plain(Rule::opencv, in, from, to)));
    }
}

TEST(Resize, TheSameSizeIsACopy) {
    const Extent extent{5, 7};
    std::vector<float> in = random_floats(extent.pixels(), 14);
    in[3] = INFINITY;
    EXPECT_TRUE(same_bits(resized(resize_input, {1}, in, extent, extent), in));
    EXPECT_TRUE(same_bits(resized(resize_output, {1}, in, extent, extent), in));
}

TEST(ResizeLabels, SourceOfEveryPixel) {
    // As OpenCV 4.12 gives them. Truncating d * from / to would give 7 for the second 6, 13 for 12,
    // and 13 and 26 for 12 and 25.
    struct Row {
        std::int64_t from;
        std::vector<std::uint32_t> wanted;
    };
    const std::vector<Row> rows{{14, {0, 0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9, 10, 10, 11, 12, 13}},
                                {26, {0, 2, 5, 7, 10, 12, 15, 18, 20, 23}},
                                {39, {0, 2, 5, 7, 10, 12, 15, 18, 20, 23, 25, 28, 31, 33, 36}},
                                {3, {0, 0, 0, 1, 1, 2, 2}},
                                {2, {0}}};
    for (const auto& [from, wanted] : rows) {
        std::vector<std::uint32_t> line(static_cast<std::size_t>(from));
        for (std::size_t i = 0; i < line.size(); ++i) line[i] = static_cast<std::uint32_t>(i);
        const auto to = static_cast<std::int64_t>(wanted.size());
        EXPECT_EQ(resized_labels({1}, line, {1, from}, {1, to}), wanted);
        EXPECT_EQ(resized_labels({2}, line, {from, 1}, {to, 1}), wanted);
    }
}

TEST(Resize, BrokenPromisesAreRefused) {
    std::vector<float> in(12);
    std::vector<float> out(20);
    EXPECT_THROW(resize_input({1}, in, {3, 5}, out, {4, 5}), std::logic_error);
    EXPECT_THROW(resize_input({1}, in, {3, 4}, out, {4, 4}), std::logic_error);
    EXPECT_THROW(resize_output({1}, in, {3, 4}, {}, {0, 5}), std::logic_error);
    EXPECT_THROW(resize_output({0}, in, {3, 4}, out, {4, 5}), std::logic_error);
    std::vector<std::uint32_t> labels(12);
    EXPECT_THROW(resize_labels({1}, labels, {3, 4}, labels, {3, 5}), std::logic_error);
}

}  // namespace
}  // namespace cytofleet::test
