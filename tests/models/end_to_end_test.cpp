// Real images through Cellpose::segment with all defaults, both variants.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "models/cellpose/cellpose.hpp"
#include "models/golden_model.hpp"
#include "support/agreement.hpp"
#include "support/golden.hpp"

namespace cytofleet {
namespace {

using test::Case;

/// All images of one model in one call, so that tiles of different frames share batches.
std::vector<SegmentResult> segment_all(Cellpose& cellpose, const std::vector<Image>& images) {
    std::vector<const Image*> planes;
    planes.reserve(images.size());
    for (const Image& image : images) planes.push_back(&image);
    return cellpose.segment(planes);
}

TEST(EndToEnd, GoldenRealImages) {
    std::map<std::string, std::vector<Case>> by_model;
    for (Case& golden : test::cases("end_to_end"))
        by_model[golden.json.at("model")].push_back(std::move(golden));
    int compared = 0;
    int identical = 0;
    for (const auto& [model, cases] : by_model) {
        std::vector<Image> images;
        for (const Case& golden : cases) images.push_back(test::grey_image_of(golden).value());
        for (const Variant variant : test::variants) {
            CellposeSettings settings = test::settings_of(cases.front(), variant);
            settings.batch_size = 3;  // of no multiple of any frame's tiles
            Cellpose cellpose(test::weights_of(model), std::nullopt, settings);
            const auto results = segment_all(cellpose, images);
            ASSERT_EQ(results.size(), cases.size());
            for (std::size_t i = 0; i < cases.size(); ++i) {
                EXPECT_EQ(results[i].failure, "") << cases[i].name;
                EXPECT_TRUE(results[i].warnings.empty()) << cases[i].name;
                ++compared;
                if (test::expect_masks("end_to_end/" + cases[i].name, cases[i], results[i].labels,
                                       variant))
                    ++identical;
            }
        }
    }
    EXPECT_GE(5 * identical, 4 * compared);
    RecordProperty("identical_masks", std::to_string(identical));
}

TEST(EndToEnd, NeighboursBatchAndThreadsDoNotShow) {
    const std::vector<Case> cases = test::cases("end_to_end");
    const std::vector<Image> images{test::grey_image_of(cases.at(0)).value(),
                                    test::grey_image_of(cases.at(1)).value()};
    const Weights weights = test::weights_of("cyto_mini");
    CellposeSettings settings = test::settings_of(cases.front(), Variant::cpu);
    Cellpose together(weights, std::nullopt, settings);
    const auto pooled = segment_all(together, images);
    settings.batch_size = 1;
    settings.threads = 3;
    Cellpose alone(weights, std::nullopt, settings);
    for (std::size_t i = 0; i < images.size(); ++i) {
        const auto single = segment_all(alone, {images[i]});
        EXPECT_GT(single.at(0).labels.cells, 0U);
        EXPECT_EQ(single.at(0).labels.labels, pooled.at(i).labels.labels);
    }
}

TEST(Agreement, CountsAsCheckPyDoes) {
    // Expected: three cells of 4 pixels. Got: the first with another number, half of the second,
    // nothing of the third, and one that is not there.
    const std::vector<std::uint32_t> expected{1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 0, 0};
    const std::vector<std::uint32_t> got{7, 7, 7, 7, 2, 2, 0, 0, 0, 0, 0, 0, 9, 9};
    const test::Agreement result = test::agreement(expected, got);
    EXPECT_EQ(result.pixels, 12U);
    EXPECT_EQ(result.expected, 3);
    EXPECT_EQ(result.got, 3);
    EXPECT_DOUBLE_EQ(result.precision, 2.0 / 4.0);
    EXPECT_DOUBLE_EQ(result.iou, 0.75);
    EXPECT_DOUBLE_EQ(result.distance(), 0.5);
    EXPECT_EQ(test::agreement(expected, expected).distance(), 0);
    const std::vector<std::uint32_t> nothing(14, 0);
    EXPECT_EQ(test::agreement(nothing, nothing).distance(), 0);
    EXPECT_EQ(test::agreement(nothing, got).distance(), 3);
    EXPECT_EQ(test::agreement(got, nothing).distance(), 1);
}

TEST(EndToEnd, FramesOfACallComeOutOneByOneAndMayBeLeftOut) {
    const std::vector<Case> cases = test::cases("end_to_end");
    const Image image = test::grey_image_of(cases.at(0)).value();
    const std::vector<const Image*> planes{&image, &image, &image, &image};
    CellposeSettings settings = test::settings_of(cases.front(), Variant::cpu);
    settings.batch_size = 2;
    Cellpose cellpose(test::weights_of("cyto_mini"), std::nullopt, settings);
    const SegmentResult alone = cellpose.segment(std::span(planes).first(1)).at(0);
    std::string order;
    cellpose.segment_each(planes, {[&](std::size_t plane) {
                                       order += 'b';
                                       order += static_cast<char>('0' + plane);
                                       return plane != 1 && plane != 3;
                                   },
                                   [&](std::size_t plane, SegmentResult result) {
                                       order += 'd';
                                       order += static_cast<char>('0' + plane);
                                       EXPECT_TRUE(result.labels.labels == alone.labels.labels);
                                       EXPECT_GT(result.times.network, 0);
                                   }});
    // Nothing is begun before it must be; what was not wanted is never told of.
    EXPECT_TRUE(order == "b0d0b1b2d2b3" || order == "b0b1b2d0b3d2") << order;
}

}  // namespace
}  // namespace cytofleet
