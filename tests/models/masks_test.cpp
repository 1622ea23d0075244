// Masks from Python's own flows: every golden case, both variants, bit for bit.
#include "models/cellpose/masks.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "models/golden_model.hpp"
#include "support/golden.hpp"
#include "support/parity.hpp"

namespace cytofleet {
namespace {

using test::Case;
using test::expect_same;
using test::expect_within;
using test::mask_options_of;
using test::suffix_of;
using test::variants;

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

TEST(Masks, GoldenDynamics) {
    const auto cases = test::cases("dynamics");
    for (const Case& item : cases) {
        if (!item.json.contains("files")) continue;
        const Input input = read_input(item);
        for (const Variant variant : variants) {
            const std::string suffix = "_" + suffix_of(variant);
            const std::string name = "dynamics/" + item.name;
            MaskTrace trace;
            const LabelImage masks =
                compute_masks({2}, input.flows, input.grid, input.grid,
                              mask_options_of(item.json, item.json.at("niter"), variant), &trace);
            const auto same = [&](const std::string& what, const auto& got) {
                expect_same(name, what + suffix, got, item.array(what + suffix).labels());
            };
            same("labels", trace.checked);
            same("masks", masks.labels);
        }
    }
}

TEST(Masks, GoldenMoreThan65535Labels) {
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
        const auto& expected = item->json.at("masks_" + suffix_of(variant));
        const LabelImage masks =
            compute_masks({2}, flows, {side, side}, {side, side},
                          mask_options_of(item->json, item->json.at("niter"), variant));
        expect_same("dynamics/more_than_65535", "masks_" + suffix_of(variant), masks.labels,
                    test::load_npy(item->folder / expected.at("file").get<std::string>()).labels());
        EXPECT_EQ(masks.largest, 66049U);
        EXPECT_EQ(masks.cells, 66049U);
    }
}

TEST(Masks, GoldenStages) {
    for (const Case& item : test::cases("stages")) {
        if (!item.has("dP")) continue;  // one_nan: Python's network output is not worth repeating
        const Input input = read_input(item);
        for (const Variant variant : variants) {
            const std::string suffix = "_" + suffix_of(variant);
            const std::string name = "stages/" + item.name;
            const test::Npy expected = item.array("masks" + suffix);
            const Extent frame{expected.shape.at(0), expected.shape.at(1)};
            MaskOptions options =
                mask_options_of(item.json.at("kwargs"), item.json.at("niter_used"), variant);
            MaskTrace trace;
            const LabelImage masks =
                compute_masks({2}, input.flows, input.grid, frame, options, &trace);
            expect_same(name, "masks" + suffix, masks.labels, expected.labels());
            expect_same(name, "labels_qc" + suffix, trace.checked,
                        item.array("labels_qc" + suffix).labels());
            // Python stops early where there is no foreground, no label or no QC.
            if (item.has("p_final" + suffix))
                expect_same(name, "p_final" + suffix, trace.points,
                            item.array("p_final" + suffix).floats());
            if (item.has("labels_seeded" + suffix))
                expect_same(name, "labels_seeded" + suffix, trace.seeded,
                            item.array("labels_seeded" + suffix).labels());
            if (item.has("qc_error" + suffix))
                expect_within(name, "qc_error" + suffix, trace.flow_errors,
                              item.array("qc_error" + suffix).doubles(), 1e-6);
            if (item.has("p_step1" + suffix)) {
                options.niter = 1;
                MaskTrace first;
                compute_masks({2}, input.flows, input.grid, frame, options, &first);
                expect_same(name, "p_step1" + suffix, first.points,
                            item.array("p_step1" + suffix).floats());
            }
        }
    }
}

}  // namespace
}  // namespace cytofleet
