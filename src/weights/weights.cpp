#include "weights/weights.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "weights/refusal.hpp"

namespace cytofleet {

Weights::Weights(std::shared_ptr<const Checkpoint> checkpoint)
    : checkpoint_(std::move(checkpoint)), taken_(std::make_shared<std::set<std::string>>()) {
    ensure(checkpoint_ != nullptr, "there is a checkpoint");
}

Weights Weights::operator/(std::string_view name) const {
    Weights out = *this;
    out.prefix_ += name;
    out.prefix_ += '.';
    return out;
}

bool Weights::has(std::string_view name) const {
    return checkpoint_->tensors().contains(prefix_ + std::string(name));
}

const Tensor& Weights::get(std::string_view name) const {
    const std::string full = prefix_ + std::string(name);
    const auto found = checkpoint_->tensors().find(full);
    if (found == checkpoint_->tensors().end())
        throw Error(ErrorKind::model,
                    fmt::format("{}: has no tensor {}, so it is not a whole network of this kind: "
                                "use another model file",
                                show(checkpoint_->path()), in_quotes(full)));
    taken_->insert(full);
    return found->second;
}

const Tensor& Weights::get(std::string_view name, const Shape& expected) const {
    const Tensor& tensor = get(name);
    if (tensor.shape() != expected)
        throw Error(ErrorKind::model,
                    fmt::format("{}: tensor {} has the shape {} where the network needs {}: use "
                                "another model file",
                                show(checkpoint_->path()), in_quotes(prefix_ + std::string(name)),
                                tensor.shape().text(), expected.text()));
    return tensor;
}

std::optional<float> Weights::scalar(std::string_view name) const {
    if (!has(name)) return std::nullopt;
    const Tensor& tensor = get(name);
    if (tensor.values().empty()) return std::nullopt;
    return tensor.values().front();
}

std::vector<std::string> Weights::unused() const {
    std::vector<std::string> out;
    const auto note = [&](const auto& named) {
        for (const auto& [name, unneeded] : named)
            if (!taken_->contains(name) && !name.ends_with("num_batches_tracked"))
                out.push_back(name);
    };
    note(checkpoint_->tensors());
    note(checkpoint_->integers());
    return out;
}

}  // namespace cytofleet
