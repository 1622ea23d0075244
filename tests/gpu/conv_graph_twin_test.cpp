// What cuDNN is asked to fuse, and what is taken where it refuses; plain data, no device is needed.
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "backend/cuda/conv_plans.hpp"
#include "base/error.hpp"

namespace cytofleet::cuda {
namespace {

using Four = std::array<std::int64_t, 4>;
using Kind = GraphStep::Kind;

constexpr ConvShape shape{.n = 7,
                          .in = 16,
                          .out = 24,
                          .height = 5,
                          .width = 9,
                          .kernel = 3,
                          .precision = Precision::fp16};
constexpr ConvFusion full{.bias = PerChannel::per_tile,
                          .add = true,
                          .add_scale = true,
                          .relu = true,
                          .copy_shift = PerChannel::shared};

const GraphTensor& tensor(const ConvGraph& graph, std::int64_t id) {
    for (const GraphTensor& each : graph.tensors)
        if (each.id == id) return each;
    throw std::out_of_range("no such tensor");
}

std::vector<ConvFusion> every_form() {
    std::vector<ConvFusion> out;
    constexpr PerChannel kinds[] = {PerChannel::none, PerChannel::shared, PerChannel::per_tile};
    for (const PerChannel bias : kinds)
        for (const PerChannel copy : kinds)
            for (int flags = 0; flags < 8; ++flags)
                out.push_back({bias, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0, copy});
    return out;
}

/// Something for every operand.
ConvData all_of(float& here) {
    return {&here, &here, &here, &here, &here, &here, &here, &here, &here};
}

TEST(ConvGraph, TheSumsAlone) {
    const ConvGraph graph = graph_of(shape, {});
    EXPECT_TRUE(graph.steps.empty());
    ASSERT_EQ(graph.tensors.size(), 3U);
    for (const GraphTensor& each : graph.tensors) {
        EXPECT_FALSE(each.passing);
        EXPECT_EQ(each.element, Element::f16);
    }
    EXPECT_EQ(tensor(graph, graph.x).layout.sizes, (Four{7, 16, 5, 9}));
    EXPECT_EQ(tensor(graph, graph.weights).layout.sizes, (Four{24, 16, 3, 3}));
    EXPECT_EQ(tensor(graph, graph.sums).layout.sizes, (Four{7, 24, 5, 9}));
}

TEST(ConvGraph, StepsInTheirOrder) {
    const ConvGraph graph = graph_of(shape, full);
    std::vector<Kind> kinds;
    for (const GraphStep& step : graph.steps) kinds.push_back(step.kind);
    EXPECT_EQ(kinds, (std::vector{Kind::add, Kind::multiply, Kind::add, Kind::relu, Kind::multiply,
                                  Kind::add, Kind::relu}));
    // bias; what is added, scaled; the addition; y; and the copy of y.
    EXPECT_EQ(graph.steps[0].in, graph.sums);
    EXPECT_EQ(tensor(graph, graph.steps[0].with).layout.sizes, (Four{7, 24, 1, 1}));
    EXPECT_EQ(tensor(graph, graph.steps[0].with).element, Element::f32);
    EXPECT_EQ(tensor(graph, graph.steps[1].in).layout.sizes, (Four{7, 24, 5, 9}));
    EXPECT_EQ(tensor(graph, graph.steps[1].with).layout.sizes, (Four{1, 24, 1, 1}));
    EXPECT_EQ(graph.steps[2].in, graph.steps[0].out);
    EXPECT_EQ(graph.steps[2].with, graph.steps[1].out);
    EXPECT_EQ(graph.steps[3].in, graph.steps[2].out);
    EXPECT_EQ(graph.steps[4].in, graph.steps[3].out);
    EXPECT_EQ(tensor(graph, graph.steps[5].with).layout.sizes, (Four{1, 24, 1, 1}));
}

TEST(ConvGraph, EveryFormIsAGraph) {
    float here = 0;
    for (const ConvFusion& form : every_form()) {
        const ConvGraph graph = graph_of(shape, form);
        std::set<std::int64_t> ids;
        std::set<std::int64_t> in_memory;
        for (const GraphTensor& each : graph.tensors) {
            EXPECT_TRUE(ids.insert(each.id).second) << form.text();
            if (each.passing)
                EXPECT_EQ(each.element, Element::f32) << form.text();
            else
                in_memory.insert(each.id);
        }
        // Whatever is in memory is an operand, and the other way round.
        std::set<std::int64_t> operands;
        for (const GraphOperand& operand : operands_of(form, all_of(here)))
            operands.insert(operand.id);
        EXPECT_EQ(operands, in_memory) << form.text();
        // Everything is written once before it is read, and read if it is in no memory.
        std::set<std::int64_t> written{graph.sums};
        std::set<std::int64_t> read;
        for (const GraphStep& step : graph.steps) {
            for (const std::int64_t from : {step.in, step.with}) {
                if (from == 0) continue;
                EXPECT_TRUE(ids.contains(from)) << form.text();
                EXPECT_TRUE(in_memory.contains(from) || written.contains(from)) << form.text();
                read.insert(from);
            }
            EXPECT_EQ(step.with == 0, step.kind == Kind::relu) << form.text();
            EXPECT_TRUE(ids.contains(step.out) && written.insert(step.out).second) << form.text();
        }
        for (const GraphTensor& each : graph.tensors)
            EXPECT_TRUE(!each.passing || (written.contains(each.id) && read.contains(each.id)))
                << form.text();
    }
}

TEST(ConvGraph, EveryOperandMustBeThere) {
    float here = 0;
    const ConvData all = all_of(here);
    EXPECT_NO_THROW(operands_of(full, all));
    const auto without = [&](auto part) {
        ConvData some = all;
        some.*part = nullptr;
        EXPECT_THROW(operands_of(full, some), InternalError);
    };
    without(&ConvData::x);
    without(&ConvData::weights);
    without(&ConvData::y);
    without(&ConvData::bias);
    without(&ConvData::add);
    without(&ConvData::add_scale);
    without(&ConvData::copy_scale);
    without(&ConvData::copy_shift);
    without(&ConvData::copy);
}

TEST(ConvFusion, FormsEndWithTheSums) {
    for (const ConvFusion& wanted : every_form()) {
        const std::vector<ConvFusion> forms = forms_of(wanted);
        EXPECT_EQ(forms.front(), wanted);
        EXPECT_TRUE(forms.back().sums_only());
        EXPECT_EQ(std::set(forms.begin(), forms.end()).size(), forms.size());
    }
    EXPECT_EQ(forms_of(full).size(), 3U);
    EXPECT_EQ(forms_of(full)[1].text(), "bias of each tile, scaled addition, ReLU");
    EXPECT_EQ(full.text(), "bias of each tile, scaled addition, ReLU, copy");
    EXPECT_EQ(ConvFusion{}.text(), "sums only");
}

/// Refuses what it is told to, and counts how often it is asked for a plan.
class Picky : public ConvLibrary {
  public:
    using Refuses = bool (*)(const ConvShape&, const ConvFusion&);
    Picky(Refuses refuses, int& asked) : refuses_(refuses), asked_(asked) {}
    std::string description() const override { return "picky"; }
    bool knows(const ConvShape& at, const ConvFusion& form) const override {
        return !refuses_(at, form);
    }
    std::unique_ptr<ConvPlan> plan(const ConvShape& at, const ConvFusion& form) const override {
        struct Nothing : ConvPlan {
            std::size_t workspace_bytes() const override { return 0; }
            void run(const ConvData& /*data*/, void* /*workspace*/) const override {}
        };
        ++asked_;
        return refuses_(at, form) ? nullptr : std::make_unique<Nothing>();
    }

  private:
    Refuses refuses_;
    int& asked_;
};

TEST(ConvPlans, TheFirstFormThatIsNotRefusedOnce) {
    int asked = 0;
    ConvPlans plans(std::make_unique<Picky>(
        [](const ConvShape&, const ConvFusion& form) {
            return form.copy_shift != PerChannel::none;
        },
        asked));
    const FusedPlan& chosen = plans.get(shape, full);
    EXPECT_EQ(chosen.form, forms_of(full)[1]);
    EXPECT_TRUE(chosen.plan);
    EXPECT_EQ(asked, 1);
    EXPECT_EQ(&plans.get(shape, full), &chosen);
    EXPECT_EQ(asked, 1);
    ConvShape other = shape;
    other.n = 2;
    EXPECT_EQ(plans.get(other, full).form, chosen.form);
    EXPECT_EQ(asked, 2);
    EXPECT_EQ(
        plans.choices(),
        (std::vector<std::string>{
            "3 x 3, fp16: bias of each tile, scaled addition, ReLU, copy wanted, bias of each "
            "tile, scaled addition, ReLU taken, 1 shape"}));
}

TEST(ConvPlans, TheBatchDoesNotChooseTheForm) {
    int asked = 0;
    // As where a batch of one could do what others cannot.
    ConvPlans plans(std::make_unique<Picky>(
        [](const ConvShape& at, const ConvFusion& form) { return at.n > 1 && !form.sums_only(); },
        asked));
    ConvShape one = shape;
    one.n = 1;
    EXPECT_TRUE(plans.get(one, full).form.sums_only());
    EXPECT_TRUE(plans.get(shape, full).form.sums_only());
}

TEST(ConvPlans, NoWayAtAllIsAnError) {
    int asked = 0;
    ConvPlans plans(
        std::make_unique<Picky>([](const ConvShape&, const ConvFusion&) { return true; }, asked));
    EXPECT_THROW(plans.get(shape, full), DeviceError);
    EXPECT_THROW(plans.get(shape, full), DeviceError) << "again";
}

}  // namespace
}  // namespace cytofleet::cuda
