// Every checkpoint of the golden set: all forms read alike, malformed ones do what the manifest
// asks, nothing in them is ever run.
#include <algorithm>
#include <bit>
#include <cmath>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "models/cellpose/cellpose.hpp"
#include "models/golden_model.hpp"
#include "models/registry.hpp"
#include "support/golden.hpp"
#include "support/parity.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;
using test::expect_parity;

Checkpoint load(const std::string& model) {
    return Checkpoint::load(test::model_file(model));
}

/// First 16 digits of the SHA-256 of a tensor's bytes.
template <typename T>
std::string short_hash(std::span<const T> values) {
    Sha256 hash;
    hash.update(std::as_bytes(values));
    return hash.hex().substr(0, 16);
}

/// How many float tensors are not, bit for bit, `change` of those of `wanted`. One that is missing
/// or too many counts as well.
double tensors_unlike(
    const Checkpoint& got, const Checkpoint& wanted,
    const std::function<float(float)>& change = [](float value) { return value; }) {
    int unlike = 0;
    for (const auto& [name, tensor] : wanted.tensors()) {
        const auto found = got.tensors().find(name);
        if (found == got.tensors().end() || found->second.shape() != tensor.shape()) {
            ++unlike;
            continue;
        }
        std::vector<float> changed(tensor.values().begin(), tensor.values().end());
        std::ranges::transform(changed, changed.begin(), change);
        if (test::differing<float>(found->second.values(), changed) != 0) ++unlike;
    }
    for (const auto& [name, tensor] : got.tensors())
        if (!wanted.tensors().contains(name)) ++unlike;
    return unlike;
}

/// To the nearest number of `bits` significant bits, ties to even: what a narrower type keeps.
float rounded(float value, int bits) {
    if (value == 0) return value;
    int exponent = 0;
    const double fraction = std::frexp(static_cast<double>(value), &exponent);
    return static_cast<float>(
        std::ldexp(std::nearbyint(std::ldexp(fraction, bits)), exponent - bits));
}

/// fp16, subnormal numbers too.
float rounded_to_half(float value) {
    if (std::abs(value) >= 0x1p-14F) return rounded(value, 11);
    return static_cast<float>(std::nearbyint(static_cast<double>(value) * 0x1p24) * 0x1p-24);
}

float rounded_to_bfloat(float value) {
    return rounded(value, 8);
}

TEST(Checkpoints, GoldenFilesAreWhole) {
    const auto manifest = test::model_manifest();
    int files = 0;
    for (const auto& [name, facts] : manifest.at("files").items()) {
        const ModelInfo info = inspect_model(test::model_file(name));
        const auto widths = facts.at("nbase").get<std::vector<std::int64_t>>();
        expect_parity({"checkpoints/" + name, "widths",
                       test::differing<std::int64_t>(info.channels, widths), 0});
        EXPECT_EQ(info.sha256, facts.at("sha256")) << name;
        EXPECT_TRUE(info.unused.empty()) << name;
        EXPECT_EQ(info.diam_mean, 30.0F) << name;
        EXPECT_EQ(info.format, name.ends_with("_legacy") ? "torch legacy" : "torch zip") << name;
        ++files;
    }
    EXPECT_GE(files, 3);
}

TEST(Checkpoints, GoldenTensors) {
    const auto manifest = test::model_manifest();
    EXPECT_GE(manifest.at("tensors").size(), 2U);
    for (const auto& [name, tensors] : manifest.at("tensors").items()) {
        const Checkpoint got = load(name);
        double unlike = 0;
        for (const auto& [tensor, facts] : tensors.items()) {
            const auto type = facts.at(0).get<std::string>();
            const auto shape = facts.at(1).get<std::vector<std::int64_t>>();
            std::string hash;
            bool same_shape = false;
            if (got.tensors().contains(tensor)) {
                const Tensor& found = got.tensors().at(tensor);
                hash = short_hash(found.values());
                same_shape = found.shape() == Shape(shape);
            } else if (got.integers().contains(tensor)) {
                const auto& found = got.integers().at(tensor);
                hash = short_hash<std::int64_t>(found);
                same_shape = static_cast<std::int64_t>(found.size()) == Shape(shape).count();
            }
            if (hash != facts.at(2) || !same_shape || got.stored_types().at(tensor) != type) {
                ADD_FAILURE() << name << ": " << tensor;
                ++unlike;
            }
        }
        EXPECT_EQ(got.stored_types().size(), tensors.size()) << name;
        expect_parity({"checkpoints/" + name, "tensors", unlike, 0});
    }
}

TEST(Checkpoints, GoldenFormsReadAlike) {
    const auto files = test::model_manifest().at("files");
    const auto compare = [&](const std::string& name, const std::string& of,
                             const std::function<float(float)>& change) {
        if (!files.contains(name)) return;  // the compact subset has the small ones
        expect_parity(
            {"checkpoints/" + name, "tensors", tensors_unlike(load(name), load(of), change), 0});
    };
    const auto same = [](float value) { return value; };
    ASSERT_TRUE(files.contains("cyto_tiny_views"));
    compare("cyto_tiny_views", "cyto_tiny", same);
    compare("cyto_mini_legacy", "cyto_mini", same);
    compare("cyto_mini_module", "cyto_mini", same);
    compare("cyto_mini_half", "cyto_mini", rounded_to_half);
}

TEST(Checkpoints, GoldenDiameters) {
    const auto files = test::model_manifest().at("files");
    const auto diameters_of = [](const std::string& name) {
        return read_diameters(test::weights_of(name));
    };
    for (const auto& [name, facts] : files.items()) {
        const ModelDiameters got = diameters_of(name);
        const bool without = name.ends_with("_nodiam");
        const std::string words = facts.at("cellpose");  // "loads: diam_mean 30, diam_labels 24.5"
        const auto labels = words.rfind(' ');
        EXPECT_EQ(got.stored, !without) << name;
        EXPECT_EQ(got.mean, 30.0F) << name;
        if (words.starts_with("loads"))
            expect_parity(
                {"checkpoints/" + name, "diam_labels",
                 std::abs(static_cast<double>(got.labels) - std::stod(words.substr(labels))),
                 1e-4});
        else
            EXPECT_EQ(got.labels, diameters_of("cyto_mini").labels) << name;
    }
    if (files.contains("cyto_mini_nodiam")) {
        const Checkpoint without = load("cyto_mini_nodiam");
        const Checkpoint with = load("cyto_mini");
        EXPECT_EQ(tensors_unlike(without, with), 2.0);  // the two diameters alone
    }
}

/// The one line a file is refused with, or "" when it is accepted.
std::string refusal_of(const fs::path& file, ModelInfo& info) {
    try {
        info = inspect_model(file);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::model) << file;
        const std::string message = error.what();
        EXPECT_NE(message.find(file.string()), std::string::npos) << message;
        EXPECT_EQ(message.find('\n'), std::string::npos) << message;
        return message.empty() ? "refused without a word" : message;
    }
    return "";
}

/// Python's numbers in a file that a port may refuse.
bool right_numbers(const std::string& name, const fs::path& file) {
    const Checkpoint got = Checkpoint::load(file);
    const Checkpoint tiny = load("cyto_tiny");
    return name == "bfloat16" ? tensors_unlike(got, tiny, rounded_to_bfloat) == 0
                              : tensors_unlike(got, tiny) == 0;
}

TEST(Checkpoints, GoldenMalformedFiles) {
    const auto bad = test::model_manifest().at("bad");
    EXPECT_GE(bad.size(), 32U);
    for (const auto& [name, facts] : bad.items()) {
        const fs::path file = test::oracle() / "models" / "bad" / name;
        ASSERT_EQ(fs::file_size(file), facts.at("bytes")) << name;
        const std::string must = facts.at("port_must");
        ModelInfo info;
        const std::string refusal = refusal_of(file, info);
        bool good = false;
        if (must == "refuse")
            good = !refusal.empty();
        else if (must == "accept with a warning that names it")
            good = refusal.empty() && info.unused.size() == 1;
        else if (must == "accept or refuse, never wrong numbers")
            good = !refusal.empty() || right_numbers(name, file);
        else
            ADD_FAILURE() << "the manifest asks for something new: " << must;
        expect_parity({"checkpoints/bad/" + name, refusal.empty() ? "accepted" : "refused",
                       good ? 0.0 : 1.0, 0});
    }
}

TEST(Checkpoints, GoldenFilesRunNothing) {
    // What the code in them would do, had anything run it: leave a file where this test runs.
    const fs::path trace = "CHECKPOINT_CODE_WAS_EXECUTED";
    ASSERT_FALSE(fs::exists(trace)) << "left by something else; remove it first";
    int tried = 0;
    for (const auto& entry : fs::directory_iterator(test::oracle() / "models" / "bad")) {
        ModelInfo info;
        const std::string refusal = refusal_of(entry.path(), info);
        const std::string name = entry.path().filename();
        // Size models and what would be code are no networks.
        if (name.ends_with(".npy") || name.starts_with("code_")) {
            EXPECT_FALSE(refusal.empty()) << name;
            ++tried;
        }
    }
    EXPECT_GE(tried, 5);
    EXPECT_FALSE(fs::exists(trace));
}

}  // namespace
}  // namespace cytofleet
