// Masks from Python's own flows: every golden case, both variants, bit for bit.
#include "models/cellpose/masks.hpp"

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support/golden.hpp"

namespace cytofleet {
namespace {

using test::Case;
using Labels = std::vector<std::uint32_t>;

constexpr Variant variants[] = {Variant::cpu, Variant::cuda};

std::string name_of(Variant variant) {
    return variant == Variant::cpu ? "cpu" : "cuda";
}

struct Input {
    std::vector<float> flows;  ///< (3, grid)
    Extent grid;
};

Input read_input(const Case& item) {
    const test::Npy flows = item.array("dP");
    Input out{flows.floats(), {flows.shape.at(1), flows.shape.at(2)}};
    const auto logits = item.array("cellprob").floats();
    out.flows.insert(out.flows.end(), logits.begin(), logits.end());
    return out;
}

/// The arguments of eval as case.json has them.
MaskOptions read_options(const nlohmann::json& from, const nlohmann::json& niter, Variant variant) {
    MaskOptions out;
    out.cellprob_threshold = from.at("cellprob_threshold").get<float>();
    const auto& flow_threshold = from.at("flow_threshold");
    out.flow_threshold = flow_threshold.is_null() ? 0.0 : flow_threshold.get<double>();
    out.niter = static_cast<std::int64_t>(niter.get<double>());
    out.interpolate = from.at("interp").get<bool>();
    out.min_size = from.at("min_size").get<std::int64_t>();
    out.max_size_fraction = from.at("max_size_fraction").get<double>();
    out.variant = variant;
    return out;
}

/// One line of the table: how many elements differ in each array compared.
class Comparison {
  public:
    explicit Comparison(std::string name) : line_(std::move(name)) {}

    template <typename T>
    void equal(const std::string& what, const std::vector<T>& got, const std::vector<T>& expected) {
        std::size_t differing = got.size() == expected.size() ? 0 : expected.size() + 1;
        for (std::size_t i = 0; differing == 0 && i < got.size(); ++i)
            if (!(got[i] == expected[i])) ++differing;
        note(what, differing == 0, differing == 0 ? "equal" : "DIFFERENT");
    }

    void errors_equal(const std::vector<double>& got, const std::vector<double>& expected) {
        double largest = got.size() == expected.size() ? 0.0 : INFINITY;
        for (std::size_t i = 0; i < std::min(got.size(), expected.size()); ++i) {
            if (std::isnan(got[i]) && std::isnan(expected[i])) continue;
            const double off = std::abs(got[i] - expected[i]);
            largest = std::isnan(off) ? INFINITY : std::max(largest, off);
        }
        note("qc_error", largest <= 1e-6, fmt::format("{:.1e}", largest));
    }

    void note(const std::string& what, bool good, const std::string& result) {
        line_ += fmt::format("  {} {}", what, result);
        good_ = good_ && good;
    }

    void finish() const {
        fmt::print("{}\n", line_);
        EXPECT_TRUE(good_) << line_;
    }

  private:
    std::string line_;
    bool good_ = true;
};

TEST(Masks, DynamicsAreBitForBit) {
    const auto cases = test::cases("dynamics");
    for (const Case& item : cases) {
        if (!item.json.contains("files")) continue;
        const Input input = read_input(item);
        for (const Variant variant : variants) {
            const std::string suffix = "_" + name_of(variant);
            Comparison line(item.name + suffix);
            MaskTrace trace;
            const LabelImage masks =
                compute_masks({2}, input.flows, input.grid, input.grid,
                              read_options(item.json, item.json.at("niter"), variant), &trace);
            line.equal("labels", trace.checked, item.array("labels" + suffix).labels());
            line.equal("masks", masks.labels, item.array("masks" + suffix).labels());
            line.finish();
        }
    }
}

TEST(Masks, MoreThan65535LabelsAreBitForBit) {
    const auto cases = test::cases("dynamics");
    const auto item = std::ranges::find(cases, "more_than_65535", &Case::name);
    ASSERT_NE(item, cases.end());
    constexpr std::int64_t side = 1542;
    std::vector<float> flows(3 * side * side);
    for (std::int64_t y = 0; y < side; ++y)
        for (std::int64_t x = 0; x < side; ++x) {
            const auto r = y % 6;
            const auto c = x % 6;
            const bool inside = r < 5 && c < 5;
            const auto at = static_cast<std::size_t>(y * side + x);
            const auto toward = [](std::int64_t k) { return k < 2 ? 5.0F : k > 2 ? -5.0F : 0.0F; };
            flows[at] = inside ? toward(r) : 0.0F;
            flows[side * side + at] = inside ? toward(c) : 0.0F;
            flows[2 * side * side + at] = inside ? 6.0F : -6.0F;
        }
    for (const Variant variant : variants) {
        const auto& expected = item->json.at("masks_" + name_of(variant));
        const LabelImage masks =
            compute_masks({2}, flows, {side, side}, {side, side},
                          read_options(item->json, item->json.at("niter"), variant));
        Comparison line("more_than_65535_" + name_of(variant));
        line.equal("masks", masks.labels,
                   test::load_npy(item->folder / expected.at("file").get<std::string>()).labels());
        line.finish();
        EXPECT_EQ(masks.largest, 66049U);
        EXPECT_EQ(masks.cells, 66049U);
    }
}

TEST(Masks, StagesAreBitForBit) {
    for (const Case& item : test::cases("stages")) {
        if (!item.has("dP")) continue;  // one_nan: Python's network output is not worth repeating
        const Input input = read_input(item);
        for (const Variant variant : variants) {
            const std::string suffix = "_" + name_of(variant);
            Comparison line(item.name + suffix);
            const test::Npy expected = item.array("masks" + suffix);
            const Extent frame{expected.shape.at(0), expected.shape.at(1)};
            MaskOptions options =
                read_options(item.json.at("kwargs"), item.json.at("niter_used"), variant);
            MaskTrace trace;
            const LabelImage masks =
                compute_masks({2}, input.flows, input.grid, frame, options, &trace);
            if (item.has("p_final" + suffix))
                line.equal("p_final", trace.points, item.array("p_final" + suffix).floats());
            if (item.has("labels_seeded" + suffix))
                line.equal("labels_seeded", trace.seeded,
                           item.array("labels_seeded" + suffix).labels());
            if (item.has("qc_error" + suffix))
                line.errors_equal(trace.flow_errors, item.array("qc_error" + suffix).doubles());
            if (item.has("labels_qc" + suffix))
                line.equal("labels_qc", trace.checked, item.array("labels_qc" + suffix).labels());
            line.equal("masks", masks.labels, expected.labels());
            if (item.has("p_step1" + suffix)) {
                options.niter = 1;
                MaskTrace first;
                compute_masks({2}, input.flows, input.grid, frame, options, &first);
                line.equal("p_step1", first.points, item.array("p_step1" + suffix).floats());
            }
            line.finish();
        }
    }
}

}  // namespace
}  // namespace cytofleet
