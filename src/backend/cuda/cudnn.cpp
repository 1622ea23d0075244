// The only file that calls cuDNN (9, the graph API): one graph per shape and form, a convolution
// and the pointwise operations on its output (conv_graph.hpp). Those are what cuDNN documents for
// the epilogues of its runtime fusion engines: channels last, values per channel broadcast as the
// second operand, float32 between the steps, outputs beside the last. Values per channel and tile
// are not among the documented broadcasts: where cuDNN refuses a form, another is taken
// (conv_plans.hpp).
#include <array>
#include <cstdint>
#include <cudnn.h>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "backend/cuda/conv_library.hpp"

namespace cytofleet::cuda {
namespace {

void check(cudnnStatus_t status, const char* what) {
    if (status != CUDNN_STATUS_SUCCESS)
        throw DeviceError(fmt::format("cuDNN, {}: {}", what, cudnnGetErrorString(status)));
}

class Descriptor {
  public:
    explicit Descriptor(cudnnBackendDescriptorType_t type) {
        check(cudnnBackendCreateDescriptor(type, &handle_), "a new descriptor");
    }
    ~Descriptor() {
        if (handle_ != nullptr) cudnnBackendDestroyDescriptor(handle_);
    }
    Descriptor(Descriptor&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    cudnnBackendDescriptor_t handle() const { return handle_; }

    void set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::int64_t count,
             const void* values) {
        check(cudnnBackendSetAttribute(handle_, name, type, count, values), "an attribute");
    }
    void set(cudnnBackendAttributeName_t name, std::int64_t value) {
        set(name, CUDNN_TYPE_INT64, 1, &value);
    }
    void set(cudnnBackendAttributeName_t name, cudnnBackendDescriptor_t value) {
        set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value);
    }
    void set(cudnnBackendAttributeName_t name, const Descriptor& value) {
        set(name, value.handle_);
    }
    /// False when cuDNN cannot do what is described.
    bool try_to_finish() { return cudnnBackendFinalize(handle_) == CUDNN_STATUS_SUCCESS; }
    Descriptor finish(const char* what) && {
        check(cudnnBackendFinalize(handle_), what);
        return std::move(*this);
    }

    std::int64_t count(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type) const {
        std::int64_t there = 0;
        check(cudnnBackendGetAttribute(handle_, name, type, 0, &there, nullptr), "a question");
        return there;
    }
    /// How many values came.
    std::int64_t get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                     std::int64_t most, void* values) const {
        std::int64_t there = 0;
        check(cudnnBackendGetAttribute(handle_, name, type, most, &there, values), "a question");
        return there;
    }

  private:
    cudnnBackendDescriptor_t handle_ = nullptr;
};

Descriptor tensor(const GraphTensor& from) {
    constexpr std::int64_t alignment = 16;
    const cudnnDataType_t type = from.element == Element::f16 ? CUDNN_DATA_HALF : CUDNN_DATA_FLOAT;
    const bool is_virtual = from.passing;
    Descriptor out(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    out.set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type);
    out.set(CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, from.layout.sizes.data());
    out.set(CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, from.layout.strides.data());
    out.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, from.id);
    out.set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, alignment);
    out.set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, &is_virtual);
    return std::move(out).finish("a tensor");
}

cudnnPointwiseMode_t mode_of(GraphStep::Kind kind) {
    switch (kind) {
        case GraphStep::Kind::add:
            return CUDNN_POINTWISE_ADD;
        case GraphStep::Kind::multiply:
            return CUDNN_POINTWISE_MUL;
        case GraphStep::Kind::relu:
            break;
    }
    return CUDNN_POINTWISE_RELU_FWD;
}

/// A graph and what it is made of, which is kept as long as the graph is.
class Graph {
  public:
    Graph(cudnnHandle_t cudnn, const ConvShape& shape, const ConvGraph& from)
        : whole_(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR) {
        for (const GraphTensor& each : from.tensors) tensors_[each.id] = keep(tensor(each));
        std::vector<cudnnBackendDescriptor_t> operations{convolution(shape, from)};
        for (const GraphStep& step : from.steps) operations.push_back(pointwise(step));
        whole_.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &cudnn);
        whole_.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                   std::ssize(operations), operations.data());
        whole_ = std::move(whole_).finish("a graph");
    }
    const Descriptor& whole() const { return whole_; }

  private:
    cudnnBackendDescriptor_t keep(Descriptor part) {
        parts_.push_back(std::move(part));
        return parts_.back().handle();
    }

    cudnnBackendDescriptor_t convolution(const ConvShape& shape, const ConvGraph& from) {
        Descriptor kind(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
        const cudnnDataType_t sums = CUDNN_DATA_FLOAT;
        const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
        const std::array<std::int64_t, 2> one{1, 1};
        const std::array<std::int64_t, 2> pad{shape.kernel / 2, shape.kernel / 2};
        kind.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &sums);
        kind.set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode);
        kind.set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, std::int64_t{2});
        kind.set(CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, 2, one.data());
        kind.set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, 2, one.data());
        kind.set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, 2, pad.data());
        kind.set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, 2, pad.data());

        Descriptor out(CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR);
        const float alpha = 1;
        const float beta = 0;
        out.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, tensors_.at(from.x));
        out.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, tensors_.at(from.weights));
        out.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, tensors_.at(from.sums));
        out.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                keep(std::move(kind).finish("a convolution")));
        out.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_TYPE_FLOAT, 1, &alpha);
        out.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, CUDNN_TYPE_FLOAT, 1, &beta);
        return keep(std::move(out).finish("a forward convolution"));
    }

    cudnnBackendDescriptor_t pointwise(const GraphStep& step) {
        Descriptor kind(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
        const cudnnPointwiseMode_t mode = mode_of(step.kind);
        const cudnnDataType_t computed_in = CUDNN_DATA_FLOAT;
        kind.set(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &mode);
        kind.set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, 1, &computed_in);

        Descriptor out(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
        out.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR,
                keep(std::move(kind).finish("a pointwise step")));
        out.set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, tensors_.at(step.in));
        if (step.kind != GraphStep::Kind::relu)
            out.set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, tensors_.at(step.with));
        out.set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, tensors_.at(step.out));
        return keep(std::move(out).finish("a pointwise operation"));
    }

    std::vector<Descriptor> parts_;
    std::map<std::int64_t, cudnnBackendDescriptor_t> tensors_;
    Descriptor whole_;
};

/// An engine and its knobs, which mean the same for every batch.
struct Choice {
    std::int64_t engine = 0;
    std::vector<std::pair<std::int64_t, std::int64_t>> knobs;  ///< type and value
    EngineNotes notes;
};

EngineNotes notes_of(const Descriptor& engine) {
    std::array<cudnnBackendNumericalNote_t, CUDNN_NUMERICAL_NOTE_TYPE_COUNT> notes{};
    const std::int64_t count =
        engine.get(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
                   static_cast<std::int64_t>(notes.size()), notes.data());
    EngineNotes out;
    for (std::int64_t i = 0; i < count; ++i) {
        const cudnnBackendNumericalNote_t note = notes.at(static_cast<std::size_t>(i));
        out.nondeterministic |= note == CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC;
        out.tensor_core |= note == CUDNN_NUMERICAL_NOTE_TENSOR_CORE;
        out.rounds_inputs |= note == CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS;
        out.rounds_partial_sums |= note == CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION;
        out.fft |= note == CUDNN_NUMERICAL_NOTE_FFT;
        out.winograd_of_large_tiles |= note == CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6 ||
                                       note == CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13;
    }
    return out;
}

Choice choice_of(const Descriptor& config) {
    constexpr std::int64_t most_knobs = CUDNN_KNOB_TYPE_COUNTS;
    const Descriptor engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    cudnnBackendDescriptor_t handle = engine.handle();
    config.get(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &handle);
    Choice out;
    engine.get(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1, &out.engine);
    out.notes = notes_of(engine);
    std::vector<Descriptor> knobs;
    std::vector<cudnnBackendDescriptor_t> handles;
    for (std::int64_t i = 0; i < most_knobs; ++i) {
        knobs.emplace_back(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
        handles.push_back(knobs.back().handle());
    }
    const std::int64_t count =
        config.get(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_TYPE_BACKEND_DESCRIPTOR, most_knobs,
                   handles.data());
    for (std::int64_t i = 0; i < count; ++i) {
        const Descriptor& knob = knobs[static_cast<std::size_t>(i)];
        cudnnBackendKnobType_t type{};
        std::int64_t value = 0;
        knob.get(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1, &type);
        knob.get(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, CUDNN_TYPE_INT64, 1, &value);
        out.knobs.emplace_back(static_cast<std::int64_t>(type), value);
    }
    return out;
}

/// What the heuristics propose, the best first.
std::vector<Choice> proposals(const Descriptor& graph, cudnnBackendHeurMode_t mode) {
    Descriptor heuristics(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    heuristics.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
    heuristics.set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
    if (!heuristics.try_to_finish()) return {};
    const std::int64_t count =
        heuristics.count(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR);
    std::vector<Descriptor> configs;
    std::vector<cudnnBackendDescriptor_t> handles;
    for (std::int64_t i = 0; i < count; ++i) {
        configs.emplace_back(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
        handles.push_back(configs.back().handle());
    }
    const std::int64_t got = heuristics.get(CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                            CUDNN_TYPE_BACKEND_DESCRIPTOR, count, handles.data());
    std::vector<Choice> out;
    for (std::int64_t i = 0; i < got; ++i)
        out.push_back(choice_of(configs[static_cast<std::size_t>(i)]));
    return out;
}

/// None where cuDNN cannot do it so.
std::optional<Descriptor> build(cudnnHandle_t cudnn, const Descriptor& graph,
                                const Choice& choice) {
    Descriptor engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    engine.set(CUDNN_ATTR_ENGINE_OPERATION_GRAPH, graph);
    engine.set(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, choice.engine);
    if (!engine.try_to_finish()) return std::nullopt;
    std::vector<Descriptor> knobs;
    std::vector<cudnnBackendDescriptor_t> handles;
    for (const auto& [number, value] : choice.knobs) {
        Descriptor knob(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
        const auto type = static_cast<cudnnBackendKnobType_t>(number);
        knob.set(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1, &type);
        knob.set(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, value);
        if (!knob.try_to_finish()) return std::nullopt;
        handles.push_back(knob.handle());
        knobs.push_back(std::move(knob));
    }
    Descriptor config(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    config.set(CUDNN_ATTR_ENGINECFG_ENGINE, engine);
    if (!handles.empty())
        config.set(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                   std::ssize(handles), handles.data());
    if (!config.try_to_finish()) return std::nullopt;
    Descriptor plan(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
    plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &cudnn);
    plan.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config);
    if (!plan.try_to_finish()) return std::nullopt;
    return plan;
}

class CudnnPlan : public ConvPlan {
  public:
    CudnnPlan(cudnnHandle_t cudnn, Graph graph, Descriptor plan, const ConvFusion& form)
        : cudnn_(cudnn), graph_(std::move(graph)), plan_(std::move(plan)), form_(form) {
        plan_.get(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &workspace_);
    }
    std::size_t workspace_bytes() const override { return static_cast<std::size_t>(workspace_); }
    void run(const ConvData& data, void* workspace) const override {
        std::vector<std::int64_t> ids;
        std::vector<const void*> places;
        for (const GraphOperand& operand : operands_of(form_, data)) {
            ids.push_back(operand.id);
            places.push_back(operand.data);
        }
        Descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
        pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, std::ssize(ids), ids.data());
        pack.set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, std::ssize(places),
                 places.data());
        pack.set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace);
        pack = std::move(pack).finish("a plan's arguments");
        check(cudnnBackendExecute(cudnn_, plan_.handle(), pack.handle()), "a convolution");
    }

  private:
    cudnnHandle_t cudnn_;
    Graph graph_;
    Descriptor plan_;
    ConvFusion form_;
    std::int64_t workspace_ = 0;
};

class Cudnn : public ConvLibrary {
  public:
    explicit Cudnn(Stream stream) {
        check(cudnnCreate(&cudnn_), "start");
        if (const cudnnStatus_t status = cudnnSetStream(cudnn_, stream);
            status != CUDNN_STATUS_SUCCESS) {
            cudnnDestroy(cudnn_);
            check(status, "its stream");
        }
    }
    ~Cudnn() override { cudnnDestroy(cudnn_); }
    Cudnn(const Cudnn&) = delete;
    Cudnn& operator=(const Cudnn&) = delete;

    std::string description() const override {
        const std::size_t version = cudnnGetVersion();
        return fmt::format("cuDNN {}.{}.{}", version / 10000, version / 100 % 100, version % 100);
    }

    std::unique_ptr<ConvPlan> plan(const ConvShape& shape, const ConvFusion& form) const override {
        try {
            return search(shape, form);
        } catch (const DeviceError&) {
            // A form that cuDNN does not even let us describe. What is wrong with the device itself
            // shows when the sums alone are asked for.
            if (form.sums_only()) throw;
            return nullptr;
        }
    }

  private:
    std::unique_ptr<ConvPlan> search(const ConvShape& shape, const ConvFusion& form) const {
        ConvShape reference = shape;
        reference.n = reference_batch;
        const Graph reference_graph(cudnn_, reference, graph_of(reference, form));
        Graph graph(cudnn_, shape, graph_of(shape, form));
        std::vector<cudnnBackendHeurMode_t> modes{CUDNN_HEUR_MODE_A};
        // What is only meant to work somehow would be slower, fused, than kernels of our own.
        if (form.sums_only()) modes.push_back(CUDNN_HEUR_MODE_FALLBACK);
        for (const cudnnBackendHeurMode_t mode : modes)
            for (const Choice& choice : proposals(reference_graph.whole(), mode)) {
                if (!acceptable(choice.notes, shape.precision)) continue;
                // Only what works for the reference too: else the choice would depend on the batch.
                if (!build(cudnn_, reference_graph.whole(), choice)) continue;
                if (auto plan = build(cudnn_, graph.whole(), choice))
                    return std::make_unique<CudnnPlan>(cudnn_, std::move(graph), std::move(*plan),
                                                       form);
            }
        return nullptr;
    }

    cudnnHandle_t cudnn_ = nullptr;
};

}  // namespace

std::unique_ptr<ConvLibrary> make_conv_library(Stream stream) {
    return std::make_unique<Cudnn>(stream);
}

}  // namespace cytofleet::cuda
