#include "backend/cuda/conv_plans.hpp"

#include <fmt/format.h>

namespace cytofleet::cuda {
namespace {

[[noreturn]] void refuse(const ConvLibrary& library, const ConvShape& shape) {
    throw DeviceError(fmt::format("{} knows no way to compute a convolution of {}",
                                  library.description(), shape.text()));
}

}  // namespace

ConvFusion ConvPlans::form_for(const ConvShape& shape, const ConvFusion& wanted) {
    ConvShape reference = shape;
    reference.n = reference_batch;
    const auto known = forms_.find({reference, wanted});
    if (known != forms_.end()) return known->second;
    for (const ConvFusion& form : forms_of(wanted))
        if (library_->knows(reference, form)) return forms_[{reference, wanted}] = form;
    refuse(*library_, reference);
}

const FusedPlan& ConvPlans::get(const ConvShape& shape, const ConvFusion& wanted) {
    FusedPlan& out = plans_[{shape, wanted}];
    if (out.plan) return out;
    for (const ConvFusion& form : forms_of(form_for(shape, wanted))) {
        out = {form, library_->plan(shape, form)};
        if (out.plan) return out;
    }
    refuse(*library_, shape);
}

std::vector<std::string> ConvPlans::choices() const {
    std::map<std::string, int> counts;
    for (const auto& [key, form] : forms_) {
        const auto& [shape, wanted] = key;
        ++counts[fmt::format("{} x {}, {}: {} wanted, {} taken", shape.kernel, shape.kernel,
                             name_of(shape.precision), wanted.text(), form.text())];
    }
    std::vector<std::string> out;
    out.reserve(counts.size());
    for (const auto& [text, count] : counts)
        out.push_back(fmt::format("{}, {} shape{}", text, count, count == 1 ? "" : "s"));
    return out;
}

}  // namespace cytofleet::cuda
