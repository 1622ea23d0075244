#include "gpu/orders.hpp"

namespace cytofleet::test {

void in_every_order(const std::function<void()>& check) {
    check();
    check();
}

}  // namespace cytofleet::test
