#include "gpu/bench/mask_traffic.hpp"

#include <array>
#include <stdexcept>
#include <string>
#include <utility>

namespace cytofleet::bench {

double mask_traffic(std::string_view step, const MaskLoad& load) {
    const auto [pixels, bins, foreground, boxes, cells, heat] = load;
    const std::array<std::pair<std::string_view, double>, 10> formulae{{
        // Flows and logit; the field.
        {"make_step_field", 12 * pixels + 8 * pixels},
        // Logits, bins; counts zeroed; the field read, counts changed.
        {"follow_flow", 8 * pixels + 4 * bins + 8 * foreground + 8 * foreground},
        // Counts; a bit per bin, and its rank, written and read.
        {"find_seeds", 4 * bins + bins / 2},
        // Labels of bins zeroed; of a seed's window counts read and labels written.
        {"grow_seeds", 4 * bins + 8 * 121 * cells},
        // Bins and their labels read, labels written; measured; ranked; renamed.
        {"label_points",
         4 * pixels + 4 * foreground + 4 * pixels + 4 * pixels + pixels / 2 + 8 * pixels},
        {"measure_labels", 4 * pixels},
        // Heat zeroed; labels read twice; heat written and read; flows.
        {"flow_errors", heat * pixels + 8 * boxes + 2 * heat * foreground + 8 * foreground},
        {"erase_wrong", 4 * pixels},
        // A bit per pixel, and its rank, written and read; renamed.
        {"remove_small", pixels / 2 + 8 * pixels},
        {"fill_holes", 4 * boxes},
    }};
    for (const auto& [name, bytes] : formulae)
        if (name == step) return bytes;
    if (step == "count_labels") return 24 * cells;
    throw std::logic_error("no bytes are known for the step " + std::string(step));
}

}  // namespace cytofleet::bench
