// The only file that calls cuDNN (9, the graph API): one graph of one convolution per shape.
#include <array>
#include <cstdint>
#include <cudnn.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "backend/cuda/conv_library.hpp"

namespace cytofleet::cuda {
namespace {

constexpr std::int64_t x_id = 1;
constexpr std::int64_t weights_id = 2;
constexpr std::int64_t y_id = 3;

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
    void set(cudnnBackendAttributeName_t name, const Descriptor& value) {
        set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value.handle_);
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

cudnnDataType_t type_of(Precision precision) {
    return element_of(precision) == Element::f16 ? CUDNN_DATA_HALF : CUDNN_DATA_FLOAT;
}

Descriptor tensor(const TensorLayout& layout, std::int64_t id, cudnnDataType_t type) {
    constexpr std::int64_t alignment = 16;
    Descriptor out(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    out.set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type);
    out.set(CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, layout.sizes.data());
    out.set(CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, layout.strides.data());
    out.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, id);
    out.set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, alignment);
    return std::move(out).finish("a tensor");
}

Descriptor graph_of(cudnnHandle_t cudnn, const ConvShape& shape) {
    const cudnnDataType_t type = type_of(shape.precision);
    const Descriptor x = tensor(input_layout(shape), x_id, type);
    const Descriptor weights = tensor(weights_layout(shape), weights_id, type);
    const Descriptor y = tensor(output_layout(shape), y_id, type);

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
    kind = std::move(kind).finish("a convolution");

    Descriptor operation(CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR);
    const float alpha = 1;
    const float beta = 0;
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, x);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, weights);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, y);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, kind);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_TYPE_FLOAT, 1, &alpha);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, CUDNN_TYPE_FLOAT, 1, &beta);
    operation = std::move(operation).finish("a forward convolution");

    Descriptor graph(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    graph.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &cudnn);
    graph.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, operation);
    return std::move(graph).finish("a graph");
}

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
    CudnnPlan(cudnnHandle_t cudnn, Descriptor plan) : cudnn_(cudnn), plan_(std::move(plan)) {
        plan_.get(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &workspace_);
    }
    std::size_t workspace_bytes() const override { return static_cast<std::size_t>(workspace_); }
    void run(const void* x, const void* weights, void* y, void* workspace) const override {
        const std::array<std::int64_t, 3> ids{x_id, weights_id, y_id};
        const std::array<const void*, 3> data{x, weights, y};
        Descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
        pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, 3, ids.data());
        pack.set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, 3, data.data());
        pack.set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace);
        pack = std::move(pack).finish("a plan's arguments");
        check(cudnnBackendExecute(cudnn_, plan_.handle(), pack.handle()), "a convolution");
    }

  private:
    cudnnHandle_t cudnn_;
    Descriptor plan_;
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

    std::unique_ptr<ConvPlan> plan(const ConvShape& shape) const override {
        ConvShape reference = shape;
        reference.n = reference_batch;
        const Descriptor reference_graph = graph_of(cudnn_, reference);
        const Descriptor graph = graph_of(cudnn_, shape);
        for (const cudnnBackendHeurMode_t mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK})
            for (const Choice& choice : proposals(reference_graph, mode)) {
                if (!acceptable(choice.notes, shape.precision)) continue;
                // Only what works for the reference too: else the choice would depend on the batch.
                if (!build(cudnn_, reference_graph, choice)) continue;
                if (auto plan = build(cudnn_, graph, choice))
                    return std::make_unique<CudnnPlan>(cudnn_, std::move(*plan));
            }
        throw DeviceError("cuDNN knows no way to compute a convolution of " + shape.text());
    }

  private:
    cudnnHandle_t cudnn_ = nullptr;
};

}  // namespace

std::unique_ptr<ConvLibrary> make_conv_library(Stream stream) {
    return std::make_unique<Cudnn>(stream);
}

}  // namespace cytofleet::cuda
