// Random work lists, and how long ranks take for a plan.
#pragma once

#include <random>
#include <vector>

#include "schedule/plan.hpp"

namespace cytofleet::test {

/// `count` scenes of 1 to 200 frames; some files have two; costs from 1 to 16.
std::vector<PlanItem> random_items(std::mt19937& random, std::size_t count);

/// Time until `ranks` equal ranks that take unit after unit in plan order have done all, in units
/// of cost.
double makespan(const std::vector<PlanItem>& items, const Plan& plan, int ranks);

}  // namespace cytofleet::test
