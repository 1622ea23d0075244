#include "backend/cuda/cudnn_engine.hpp"

#include <array>
#include <utility>

namespace cytofleet::cuda {
namespace {

EngineNotes notes_of(const CudnnDescriptor& engine) {
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

Proposal proposal_of(const CudnnDescriptor& config) {
    constexpr std::int64_t most_knobs = CUDNN_KNOB_TYPE_COUNTS;
    const CudnnDescriptor engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    cudnnBackendDescriptor_t handle = engine.handle();
    config.get(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &handle);
    Proposal out;
    engine.get(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1, &out.choice.engine);
    out.notes = notes_of(engine);
    std::vector<CudnnDescriptor> knobs;
    std::vector<cudnnBackendDescriptor_t> handles;
    for (std::int64_t i = 0; i < most_knobs; ++i) {
        knobs.emplace_back(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
        handles.push_back(knobs.back().handle());
    }
    const std::int64_t count =
        config.get(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_TYPE_BACKEND_DESCRIPTOR, most_knobs,
                   handles.data());
    for (std::int64_t i = 0; i < count; ++i) {
        const CudnnDescriptor& knob = knobs[static_cast<std::size_t>(i)];
        cudnnBackendKnobType_t type{};
        std::int64_t value = 0;
        knob.get(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1, &type);
        knob.get(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, CUDNN_TYPE_INT64, 1, &value);
        out.choice.knobs.emplace_back(static_cast<std::int64_t>(type), value);
    }
    return out;
}

}  // namespace

std::vector<Proposal> proposals(const Target& target, const CudnnDescriptor& graph,
                                cudnnBackendHeurMode_t mode) {
    CudnnDescriptor heuristics(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    heuristics.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
    heuristics.set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
    if (target.properties != nullptr)
        heuristics.set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, *target.properties);
    if (!heuristics.try_to_finish()) return {};
    const std::int64_t count =
        heuristics.count(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR);
    std::vector<CudnnDescriptor> configs;
    std::vector<cudnnBackendDescriptor_t> handles;
    for (std::int64_t i = 0; i < count; ++i) {
        configs.emplace_back(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
        handles.push_back(configs.back().handle());
    }
    const std::int64_t got = heuristics.get(CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                            CUDNN_TYPE_BACKEND_DESCRIPTOR, count, handles.data());
    std::vector<Proposal> out;
    for (std::int64_t i = 0; i < got; ++i)
        out.push_back(proposal_of(configs[static_cast<std::size_t>(i)]));
    return out;
}

std::optional<Engine> engine_of(const Target& target, const CudnnDescriptor& graph,
                                const EngineChoice& choice) {
    Engine out{CudnnDescriptor(CUDNN_BACKEND_ENGINE_DESCRIPTOR),
               {},
               CudnnDescriptor(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR)};
    out.engine.set(CUDNN_ATTR_ENGINE_OPERATION_GRAPH, graph);
    out.engine.set(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, choice.engine);
    if (target.properties != nullptr)
        out.engine.set(CUDNN_ATTR_ENGINE_DEVICEPROP, *target.properties);
    if (!out.engine.try_to_finish()) return std::nullopt;
    std::vector<cudnnBackendDescriptor_t> handles;
    for (const auto& [number, value] : choice.knobs) {
        CudnnDescriptor knob(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
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

}  // namespace cytofleet::cuda
