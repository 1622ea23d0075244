#include "models/registry.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "models/cellpose/cellpose.hpp"
#include "models/demo_model.hpp"
#include "weights/weights.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

// cellpose3.md 7.1: the twelve names the seed application offers.
constexpr std::array<BuiltInModel, 12> models{{
    {"cyto3", "cyto3", 30, true},
    {"cyto2", "cyto2torch_0", 30, true},
    {"cyto", "cytotorch_0", 30, true},
    {"nuclei", "nucleitorch_0", 17, true},
    {"tissuenet_cp3", "tissuenet_cp3", 30, false},
    {"livecell_cp3", "livecell_cp3", 30, false},
    {"yeast_PhC_cp3", "yeast_PhC_cp3", 30, false},
    {"yeast_BF_cp3", "yeast_BF_cp3", 30, false},
    {"bact_phase_cp3", "bact_phase_cp3", 30, false},
    {"bact_fluor_cp3", "bact_fluor_cp3", 30, false},
    {"deepbacs_cp3", "deepbacs_cp3", 30, false},
    {"cyto2_cp3", "cyto2_cp3", 30, false},
}};

std::vector<fs::path> model_folders(const fs::path& model_dir) {
    if (!model_dir.empty()) return {model_dir};
    if (const char* set = std::getenv("CELLPOSE_LOCAL_MODELS_PATH"); set != nullptr && *set != '\0')
        return {set};
    if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
        return {fs::path(home) / ".cellpose" / "models"};
    return {};
}

std::string all_names() {
    std::string out = "demo";
    for (const auto& model : models) out += fmt::format(", {}", model.name);
    return out;
}

/// Cellpose takes any path that ends in the nuclei file's name for the built-in one (7.1).
std::optional<BuiltInModel> built_in_by_file(const fs::path& file) {
    for (const auto& model : models)
        if (model.name == "nuclei" && file.filename() == model.file) return model;
    return std::nullopt;
}

ModelInfo describe(const Weights& weights, const CpNet& net, const fs::path& file) {
    const Checkpoint& checkpoint = weights.checkpoint();
    const ModelDiameters diameters = read_diameters(weights);
    ModelInfo out{file,           checkpoint.format(), checkpoint.sha256(), {}, net.widths(),
                  diameters.mean, diameters.labels,    diameters.stored,    0,  {}};
    std::set<std::string> types;
    for (const auto& [name, tensor] : checkpoint.tensors()) {
        types.insert(checkpoint.stored_types().at(name));
        out.parameters += tensor.shape().count();
    }
    out.element_types = fmt::format("{}", fmt::join(types, ", "));
    out.unused = weights.unused();
    return out;
}

/// Anything but a folder: results of cyto3 may well be in one that is called like it.
bool is_file(const fs::path& path) {
    std::error_code ignored;
    return fs::exists(path, ignored) && !fs::is_directory(path, ignored);
}

Weights read_weights(const fs::path& file) {
    return Weights(std::make_shared<const Checkpoint>(Checkpoint::load(file)));
}

}  // namespace

std::span<const BuiltInModel> built_in_models() {
    return models;
}

ModelSpec find_model(const std::string& name, const fs::path& model_dir) {
    std::error_code ignored;
    if (name.empty())
        throw Error(ErrorKind::model, "--model is empty; give a checkpoint file or a model's name");
    // Names first: a file that somebody left in a shared folder must not pass for a known model.
    if (name == "demo") return {name, demo_model_file(), std::nullopt};
    for (const auto& model : models) {
        if (model.name != name) continue;
        std::string tried;
        for (const auto& folder : model_folders(model_dir)) {
            const fs::path file = folder / model.file;
            if (fs::is_regular_file(file, ignored)) return {name, file, model};
            tried += fmt::format("{}{}", tried.empty() ? "" : ", ", show(file));
        }
        throw Error(ErrorKind::model,
                    fmt::format("model {} not found (looked for {}); copy it there from a machine "
                                "that has it, or name its folder with --model-dir{}",
                                name, tried.empty() ? "nothing: no HOME" : tried,
                                is_file(name) ? fmt::format("; ./{} is the file here", name) : ""));
    }
    if (is_file(name)) return {name, name, built_in_by_file(name)};
    if (fs::is_directory(name, ignored))
        throw Error(
            ErrorKind::model,
            fmt::format("{} is a folder; --model wants the checkpoint file in it", show(name)));
    throw Error(ErrorKind::model, fmt::format("model {} is neither a file nor a known name ({})",
                                              show(name), all_names()));
}

std::string file_not_taken(const std::string& name) {
    const bool known = name == "demo" ||
                       std::ranges::any_of(models, [&](const auto& m) { return m.name == name; });
    if (!known || !is_file(name)) return {};
    return fmt::format(
        "--model {0} is the built-in model; for the file {0} of this folder say "
        "--model ./{0}",
        name);
}

LoadedModel load_model(const ModelSpec& spec, const CellposeSettings& settings) {
    if (spec.built_in && settings.diameter <= 0 && spec.built_in->has_size_model)
        throw Error(ErrorKind::usage,
                    fmt::format("model {} needs the cells' diameter: give --diameter PIXELS "
                                "(estimating it comes with the size model in a later version)",
                                spec.name));
    const Weights weights = read_weights(spec.file);
    std::optional<double> mean;
    if (spec.built_in) mean = spec.built_in->diam_mean;
    try {
        auto cellpose = std::make_unique<Cellpose>(weights, mean, settings);
        LoadedModel out;
        out.info = describe(weights, cellpose->net(), spec.file);
        out.diameter = settings.diameter > 0 ? settings.diameter : cellpose->diameters().labels;
        out.steps = cellpose->steps();
        out.engine = fmt::format("{}, {}", settings.gpu ? "GPU" : "CPU", cellpose->engine());
        out.segmenter = std::move(cellpose);
        return out;
    } catch (const cuda::DeviceError& error) {
        throw Error(ErrorKind::environment,
                    fmt::format("GPU {}: {}; see nvidia-smi whether others use it, or use "
                                "--device cpu",
                                settings.gpu ? settings.gpu->device : 0, error.what()));
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::model ||
            std::string_view(error.what()).find(show(spec.file)) != std::string_view::npos)
            throw;
        throw Error(ErrorKind::model, fmt::format("{}: {}", show(spec.file), error.what()));
    }
}

ModelInfo inspect_model(const fs::path& file) {
    return load_model({file.string(), file, std::nullopt}, {}).info;
}

}  // namespace cytofleet
