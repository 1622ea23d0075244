// The CPU twins of resize.hpp: same arguments, already checked, `from` and `to` different.
#pragma once

#include "kernels/resize/resize.hpp"

namespace cytofleet::cpu {

void resize_input(const Exec& exec, std::span<const float> in, Extent from, std::span<float> out,
                  Extent to);
void resize_output(const Exec& exec, std::span<const float> in, Extent from, std::span<float> out,
                   Extent to);
void resize_labels(const Exec& exec, std::span<const std::uint32_t> in, Extent from,
                   std::span<std::uint32_t> out, Extent to);

}  // namespace cytofleet::cpu
