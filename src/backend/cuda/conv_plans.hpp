// The plans of a network's convolutions, each searched once.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backend/cuda/conv_library.hpp"

namespace cytofleet::cuda {

/// A plan and what of the wanted form it does.
struct FusedPlan {
    ConvFusion form;
    std::unique_ptr<ConvPlan> plan;
};

class ConvPlans {
  public:
    explicit ConvPlans(std::unique_ptr<ConvLibrary> library) : library_(std::move(library)) {}
    const ConvLibrary& library() const { return *library_; }
    /// The first of forms_of(wanted) that the library does not refuse for reference_batch tiles, so
    /// that a tile's result does not depend on how many tiles it comes with; a later one only if
    /// that is refused for the shape itself. Throws DeviceError where even the sums are.
    const FusedPlan& get(const ConvShape& shape, const ConvFusion& wanted);
    /// "3 x 3, fp16: ReLU wanted, sums only taken, 5 shapes" and so on.
    std::vector<std::string> choices() const;

  private:
    using Key = std::pair<ConvShape, ConvFusion>;
    ConvFusion form_for(const ConvShape& shape, const ConvFusion& wanted);

    std::unique_ptr<ConvLibrary> library_;
    std::map<Key, ConvFusion> forms_;  ///< by the reference's shape
    std::map<Key, FusedPlan> plans_;
};

}  // namespace cytofleet::cuda
