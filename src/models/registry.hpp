// Names of models, where their files are looked for, and how a file becomes a Segmenter.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "models/cellpose/settings.hpp"
#include "models/segmenter.hpp"

namespace cytofleet {

/// A Cellpose 3 model that comes under a name.
struct BuiltInModel {
    std::string_view name;
    std::string_view file;  ///< file name in the model folder
    double diam_mean;       ///< used instead of the file's
    bool has_size_model;    ///< Cellpose can estimate the diameter
};

std::span<const BuiltInModel> built_in_models();

/// Where a model is and how it is to be read.
struct ModelSpec {
    std::string name;            ///< as the user gave it
    std::filesystem::path file;  ///< checkpoint
    std::optional<BuiltInModel> built_in;
};

/// `name`: a built-in name, "demo" or a path, in this order. Built-in names are looked up in
/// `model_dir` when given, else in $CELLPOSE_LOCAL_MODELS_PATH, else in ~/.cellpose/models. Throws
/// Error{model} naming every place tried.
ModelSpec find_model(const std::string& name, const std::filesystem::path& model_dir);

/// What to tell a user whose current folder has a file of the built-in `name`, which find_model()
/// does not take; else empty.
std::string file_not_taken(const std::string& name);

/// What a checkpoint holds, for people.
struct ModelInfo {
    std::filesystem::path file;
    std::string format;
    std::string sha256;
    std::string element_types;           ///< "float32", "float16, float32"
    std::vector<std::int64_t> channels;  ///< input, then each stage: 2, 32, 64, 128, 256
    float diam_mean = 0;
    float diam_labels = 0;
    bool diameters_stored = false;
    std::int64_t parameters = 0;
    std::vector<std::string> unused;  ///< tensors the network does not need
};

/// A model ready to segment, and what to say about it.
struct LoadedModel {
    std::unique_ptr<Segmenter> segmenter;
    ModelInfo info;
    double diameter = 0;     ///< in use, pixels
    std::int64_t steps = 0;  ///< of flow following
    std::string engine;      ///< device, then instruction set or precision and library
};

/// Throws Error{model} for files that are not Cellpose 3 checkpoints, Error{usage} when a built-in
/// model is used without a diameter.
LoadedModel load_model(const ModelSpec& spec, const CellposeSettings& settings);
ModelInfo inspect_model(const std::filesystem::path& file);

}  // namespace cytofleet
