// cuDNN (9, the graph API): one graph per shape and form, a convolution and the pointwise
// operations on its output (conv_graph.hpp). They are those of its runtime fusion engines'
// epilogues: channels last, values per channel broadcast as the second operand, float32 between the
// steps, outputs beside the last. Where cuDNN refuses a form, another is taken (conv_plans.hpp). A
// fused kernel is compiled when it is first planned, in about a second, and serves all batches from
// a cache.
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
#include "backend/cuda/cudnn_descriptor.hpp"
#include "backend/cuda/cudnn_graph.hpp"

namespace cytofleet::cuda {
namespace {

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

/// What plans are made for: the device of a handle, or one that is only described.
struct Target {
    cudnnHandle_t cudnn = nullptr;
    const Descriptor* properties = nullptr;
};

/// What the heuristics propose, the best first.
std::vector<Choice> proposals(const Target& target, const Descriptor& graph,
                              cudnnBackendHeurMode_t mode) {
    Descriptor heuristics(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    heuristics.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
    heuristics.set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
    if (target.properties != nullptr)
        heuristics.set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, *target.properties);
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

/// An engine with its knobs, ready to be planned.
struct Engine {
    Descriptor engine;
    std::vector<Descriptor> knobs;
    Descriptor config;
};

/// None where cuDNN cannot do it so. Compiles nothing.
std::optional<Engine> engine_of(const Target& target, const Descriptor& graph,
                                const Choice& choice) {
    Engine out{Descriptor(CUDNN_BACKEND_ENGINE_DESCRIPTOR),
               {},
               Descriptor(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR)};
    out.engine.set(CUDNN_ATTR_ENGINE_OPERATION_GRAPH, graph);
    out.engine.set(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, choice.engine);
    if (target.properties != nullptr)
        out.engine.set(CUDNN_ATTR_ENGINE_DEVICEPROP, *target.properties);
    if (!out.engine.try_to_finish()) return std::nullopt;
    std::vector<cudnnBackendDescriptor_t> handles;
    for (const auto& [number, value] : choice.knobs) {
        Descriptor knob(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
        const auto type = static_cast<cudnnBackendKnobType_t>(number);
        knob.set(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1, &type);
        knob.set(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, value);
        if (!knob.try_to_finish()) return std::nullopt;
        handles.push_back(knob.handle());
        out.knobs.push_back(std::move(knob));
    }
    out.config.set(CUDNN_ATTR_ENGINECFG_ENGINE, out.engine);
    if (!handles.empty())
        out.config.set(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                       std::ssize(handles), handles.data());
    if (!out.config.try_to_finish()) return std::nullopt;
    return out;
}

/// Kernels that cuDNN compiled for one graph of any size.
Descriptor cache_for(const Descriptor& graph) {
    Descriptor out(CUDNN_BACKEND_KERNEL_CACHE_DESCRIPTOR);
    out.set(CUDNN_ATTR_KERNEL_CACHE_OPERATION_GRAPH, graph);
    return std::move(out).finish("a kernel cache");
}

class CudnnPlan : public ConvPlan {
  public:
    CudnnPlan(cudnnHandle_t cudnn, CudnnGraph graph, Descriptor plan, const ConvFusion& form)
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
    CudnnGraph graph_;
    Descriptor plan_;
    ConvFusion form_;
    std::int64_t workspace_ = 0;
};

/// Kept for each shape, but for its tiles, and form.
struct Search {
    std::vector<Choice> choices;
    std::optional<Descriptor> cache;  ///< of kernels, which are compiled where something is fused
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
    /// For the device that this JSON describes.
    explicit Cudnn(const std::string& device) : properties_(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR) {
        properties_->set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR,
                         std::ssize(device) + 1, device.c_str());
        properties_ = std::move(*properties_).finish("a described device");
    }
    ~Cudnn() override {
        if (cudnn_ != nullptr) cudnnDestroy(cudnn_);
    }
    Cudnn(const Cudnn&) = delete;
    Cudnn& operator=(const Cudnn&) = delete;

    std::string description() const override {
        const std::size_t version = cudnnGetVersion();
        return fmt::format("cuDNN {}.{}.{}", version / 10000, version / 100 % 100, version % 100);
    }

    bool knows(const ConvShape& shape, const ConvFusion& form) const override {
        try {
            return !search(shape, form).choices.empty();
        } catch (const DeviceError&) {
            // A form that cuDNN does not even let us describe. What is wrong with the device itself
            // shows when the sums alone are asked for.
            if (form.sums_only()) throw;
            return false;
        }
    }

    std::unique_ptr<ConvPlan> plan(const ConvShape& shape, const ConvFusion& form) const override {
        if (!knows(shape, form)) return nullptr;
        const Search& found = search(shape, form);
        CudnnGraph graph(cudnn_, shape, graph_of(shape, form), !form.sums_only());
        for (const Choice& choice : found.choices) {
            const std::optional<Engine> engine = engine_of(target(), graph.whole(), choice);
            if (!engine) continue;
            Descriptor plan(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
            plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &cudnn_);
            plan.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, engine->config);
            if (found.cache) plan.set(CUDNN_ATTR_EXECUTION_PLAN_KERNEL_CACHE, *found.cache);
            if (plan.try_to_finish())
                return std::make_unique<CudnnPlan>(cudnn_, std::move(graph), std::move(plan), form);
        }
        return nullptr;
    }

  private:
    Target target() const { return {cudnn_, properties_ ? &*properties_ : nullptr}; }

    /// What is acceptable and works with reference_batch tiles: else the choice would depend on how
    /// many there are.
    const Search& search(const ConvShape& shape, const ConvFusion& form) const {
        ConvShape reference = shape;
        reference.n = reference_batch;
        const auto known = searches_.find({reference, form});
        if (known != searches_.end()) return known->second;
        Search found;
        const bool fuses = !form.sums_only();
        const CudnnGraph graph(cudnn_, reference, graph_of(reference, form), fuses);
        if (fuses) found.cache = cache_for(graph.whole());
        std::vector<cudnnBackendHeurMode_t> modes{CUDNN_HEUR_MODE_A};
        // What is only meant to work somehow would be slower, fused, than kernels of our own.
        if (!fuses) modes.push_back(CUDNN_HEUR_MODE_FALLBACK);
        for (const cudnnBackendHeurMode_t mode : modes)
            for (Choice& choice : proposals(target(), graph.whole(), mode))
                if (acceptable(choice.notes, shape.precision) &&
                    engine_of(target(), graph.whole(), choice))
                    found.choices.push_back(std::move(choice));
        return searches_.emplace(std::pair(reference, form), std::move(found)).first->second;
    }

    cudnnHandle_t cudnn_ = nullptr;
    std::optional<Descriptor> properties_;
    mutable std::map<std::pair<ConvShape, ConvFusion>, Search> searches_;
};

}  // namespace

std::unique_ptr<ConvLibrary> make_conv_library(Stream stream) {
    return std::make_unique<Cudnn>(stream);
}

std::unique_ptr<ConvLibrary> make_paper_library(const std::string& device) {
    return std::make_unique<Cudnn>(device);
}

}  // namespace cytofleet::cuda
