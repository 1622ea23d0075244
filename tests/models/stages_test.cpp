// From raw pixels through the product's own network to masks, every golden case. Normalising,
// tiles, resizing and dynamics on Python's own intermediates: tests/kernels and masks_test.cpp.
#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "backend/cpu/cpu_ops.hpp"
#include "kernels/planes.hpp"
#include "models/cellpose/cellpose.hpp"
#include "models/golden_model.hpp"
#include "support/golden.hpp"
#include "support/parity.hpp"

namespace cytofleet {
namespace {

using test::Case;
using test::expect_same;
using test::expect_within;
using test::Npy;
using test::variants;

constexpr double bar = 1e-4;

/// One golden case on its way through the model's parts.
class Stages {
  public:
    explicit Stages(const Case& golden)
        : golden_(golden),
          name_("stages/" + golden.name),
          settings_(test::settings_of(golden, Variant::cpu)),
          weights_(test::weights_of(golden.json.at("model").get<std::string>())),
          cellpose_(weights_, test::built_in_mean(golden), settings_),
          net_(make_cpu_ops(settings_.threads), weights_) {
        const std::vector<std::int64_t> shape = golden.array("normalised").shape;
        frame_ = {shape.at(0), shape.at(1)};
    }

    void compare_scale() const {
        EXPECT_EQ(cellpose_.scale().value(), golden_.json.at("rescale").get<double>()) << name_;
        EXPECT_EQ(cellpose_.scale().is_single(), golden_.json.at("rescale_type") == "float32")
            << name_;
        EXPECT_EQ(cellpose_.steps(), golden_.json.at("niter_used").get<std::int64_t>()) << name_;
    }

    void compare_input() const {
        const std::vector<float> wanted = test::planes_of(golden_.array("resized"));
        const std::string what = "resized from pixels";
        if (settings_.normalize.sharpen_radius > 0)
            expect_within(name_, what, prepare().image, wanted, 1e-5);
        else
            expect_same(name_, what, prepare().image, wanted);
    }

    /// Flows at the network's size, then at the size of the dynamics.
    void compare_flows() {
        CellposeSettings small = settings_;
        small.resample = false;
        const FlowField before = flows(small);
        expect_within(name_, "net_out", before.values, golden_.array("net_out").floats(), bar);
        expect_within(name_, "style", before.style, golden_.array("style").floats(), bar);
        field_ = flows(settings_);
        const std::vector<float> wanted = golden_.array("dP").floats();
        const auto middle =
            field_.values.begin() + static_cast<std::ptrdiff_t>(field_.values.size() / 3 * 2);
        expect_within(name_, "dP", {field_.values.begin(), middle}, wanted, bar);
        expect_within(name_, "cellprob", {middle, field_.values.end()},
                      golden_.array("cellprob").floats(), bar);
    }

    /// True when every pixel has Python's number.
    bool compare_masks(Variant variant) const {
        MaskOptions options = settings_.masks;
        options.variant = variant;
        options.niter = cellpose_.steps();
        const LabelImage got =
            compute_masks({settings_.threads}, field_.values, field_.extent, frame_, options);
        return test::expect_masks(name_, golden_, got, variant);
    }

    /// The model as the pipeline calls it.
    void compare_segment(const Image& image) {
        const Image* const plane = &image;
        const SegmentResult result = cellpose_.segment({&plane, 1}).at(0);
        EXPECT_EQ(result.failure, "") << name_;
        const auto [low, high] = std::ranges::minmax(golden_.array("input").floats());
        EXPECT_EQ(result.warnings.size(), low == high ? 1U : 0U) << name_;
        const LabelImage parts =
            compute_masks({settings_.threads}, field_.values, field_.extent, frame_, [&] {
                MaskOptions options = settings_.masks;
                options.niter = cellpose_.steps();
                return options;
            }());
        expect_same(name_, "segment() and its parts", result.labels.labels, parts.labels);
    }

  private:
    PreparedFrame prepare() const {
        return prepare_frame({settings_.threads}, test::channels_of(golden_, frame_), 2, frame_,
                             cellpose_.scale(), settings_);
    }

    FlowField flows(const CellposeSettings& settings) {
        std::vector<PreparedFrame> frames;
        frames.push_back(prepare());
        FrameTimes times;
        return std::move(
            compute_flows({settings.threads}, net_, std::move(frames), settings, times).at(0));
    }

    const Case& golden_;
    std::string name_;
    CellposeSettings settings_;
    Weights weights_;
    Cellpose cellpose_;
    CpNet net_;
    Extent frame_;
    FlowField field_;
};

TEST(Stages, GoldenFromPixelsToMasks) {
    int compared = 0;
    int identical = 0;
    for (const Case& golden : test::cases("stages")) {
        if (!golden.has("net_out")) continue;  // see GoldenNan
        Stages stages(golden);
        stages.compare_scale();
        stages.compare_input();
        stages.compare_flows();
        for (const Variant variant : variants) {
            ++compared;
            if (stages.compare_masks(variant)) ++identical;
        }
        if (const auto image = test::grey_image_of(golden)) stages.compare_segment(*image);
    }
    EXPECT_GE(5 * identical, 4 * compared);
    RecordProperty("identical_masks", std::to_string(identical));
}

TEST(Stages, GoldenNan) {
    const auto cases = test::cases("stages");
    const auto golden = std::ranges::find(cases, "one_nan", &Case::name);
    ASSERT_NE(golden, cases.end());
    const auto image = test::grey_image_of(*golden);
    ASSERT_TRUE(image);
    for (const Variant variant : variants) {
        Cellpose cellpose(test::weights_of("cyto_mini"), std::nullopt,
                          test::settings_of(*golden, variant));
        const Image* const plane = &*image;
        const SegmentResult result = cellpose.segment({&plane, 1}).at(0);
        ASSERT_EQ(result.warnings.size(), 1U);
        EXPECT_NE(result.warnings[0].find("NaN"), std::string::npos) << result.warnings[0];
        EXPECT_EQ(result.failure, "");
        test::expect_masks("stages/one_nan", *golden, result.labels, variant);
        EXPECT_EQ(result.labels.cells, 0U);
    }
}

}  // namespace
}  // namespace cytofleet
