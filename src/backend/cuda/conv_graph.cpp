#include "backend/cuda/conv_graph.hpp"

#include "base/error.hpp"

namespace cytofleet::cuda {
namespace {

enum Id : std::int64_t {
    x_id = 1,
    weights_id,
    y_id,
    bias_id,
    add_id,
    add_scale_id,
    copy_scale_id,
    copy_shift_id,
    copy_id,
    first_passing_id
};

TensorLayout per_channel(const ConvShape& shape, PerChannel kind) {
    return {{kind == PerChannel::per_tile ? shape.n : 1, shape.out, 1, 1},
            {shape.out, 1, shape.out, shape.out}};
}

class GraphMaker {
  public:
    explicit GraphMaker(const ConvShape& shape)
        : shape_(shape), element_(element_of(shape.precision)) {
        graph_.x = in_memory(x_id, input_layout(shape));
        graph_.weights = in_memory(weights_id, weights_layout(shape));
    }

    ConvGraph make(const ConvFusion& form) && {
        using Kind = GraphStep::Kind;
        graph_.sums = last_ = passing();
        if (form.bias != PerChannel::none) step(Kind::add, values(bias_id, form.bias));
        if (form.add) {
            std::int64_t more = in_memory(add_id, output_layout(shape_));
            if (form.add_scale) {
                const std::int64_t sums = last_;
                last_ = more;
                step(Kind::multiply, values(add_scale_id, PerChannel::shared));
                more = last_;
                last_ = sums;
            }
            step(Kind::add, more);
        }
        if (form.relu) step(Kind::relu, 0);
        end(y_id);
        if (form.copy_shift != PerChannel::none) {
            last_ = y_id;
            step(Kind::multiply, values(copy_scale_id, PerChannel::shared));
            step(Kind::add, values(copy_shift_id, form.copy_shift));
            step(Kind::relu, 0);
            end(copy_id);
        }
        return std::move(graph_);
    }

  private:
    std::int64_t in_memory(std::int64_t id, const TensorLayout& layout) {
        graph_.tensors.push_back({id, layout, element_, false});
        return id;
    }
    std::int64_t values(std::int64_t id, PerChannel kind) {
        graph_.tensors.push_back({id, per_channel(shape_, kind), Element::f32, false});
        return id;
    }
    std::int64_t passing() {
        graph_.tensors.push_back({next_++, output_layout(shape_), Element::f32, true});
        return graph_.tensors.back().id;
    }
    void step(GraphStep::Kind kind, std::int64_t with) {
        const std::int64_t in = last_;
        last_ = passing();
        graph_.steps.push_back({kind, in, with, last_});
    }
    /// What was written last goes to memory.
    void end(std::int64_t id) {
        for (GraphTensor& tensor : graph_.tensors)
            if (tensor.id == last_) tensor = {id, output_layout(shape_), element_, false};
        if (graph_.steps.empty())
            graph_.sums = id;
        else
            graph_.steps.back().out = id;
        last_ = id;
    }

    ConvShape shape_;
    Element element_;
    ConvGraph graph_;
    std::int64_t next_ = first_passing_id;
    std::int64_t last_ = 0;
};

}  // namespace

ConvGraph graph_of(const ConvShape& shape, const ConvFusion& form) {
    return GraphMaker(shape).make(form);
}

std::vector<GraphOperand> operands_of(const ConvFusion& form, const ConvData& data) {
    std::vector<GraphOperand> out{{x_id, data.x}, {weights_id, data.weights}, {y_id, data.y}};
    if (form.bias != PerChannel::none) out.push_back({bias_id, data.bias});
    if (form.add) out.push_back({add_id, data.add});
    if (form.add && form.add_scale) out.push_back({add_scale_id, data.add_scale});
    if (form.copy_shift != PerChannel::none) {
        out.push_back({copy_scale_id, data.copy_scale});
        out.push_back({copy_shift_id, data.copy_shift});
        out.push_back({copy_id, data.copy});
    }
    for (const GraphOperand& operand : out)
        ensure(operand.data != nullptr, "a convolution has all its operands");
    return out;
}

}  // namespace cytofleet::cuda
