// A view of a checkpoint narrowed by prefix that counts what was taken.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "weights/checkpoint.hpp"

namespace cytofleet {

/// weights / "downsample" / "down" / "res_down_0"; cheap to copy, shares the checkpoint.
class Weights {
  public:
    explicit Weights(std::shared_ptr<const Checkpoint> checkpoint);
    Weights operator/(std::string_view name) const;
    bool has(std::string_view name) const;
    /// Throws Error{model} naming the tensor when it is missing or has another shape.
    const Tensor& get(std::string_view name, const Shape& expected) const;
    /// Any shape; for sizes that come from the checkpoint.
    const Tensor& get(std::string_view name) const;
    /// First value of a tensor, absent when there is no such tensor.
    std::optional<float> scalar(std::string_view name) const;
    /// Full names of tensors of the checkpoint that nobody took (num_batches_tracked left out).
    std::vector<std::string> unused() const;
    const Checkpoint& checkpoint() const { return *checkpoint_; }

  private:
    std::shared_ptr<const Checkpoint> checkpoint_;
    std::shared_ptr<std::set<std::string>> taken_;
    std::string prefix_;
};

}  // namespace cytofleet
