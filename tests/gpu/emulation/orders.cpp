#include "gpu/orders.hpp"

#include <cstdint>

#include <gtest/gtest.h>

#include "gpu/emulation/block.hpp"

namespace cytofleet::test {

void in_every_order(const std::function<void()>& check) {
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
        SCOPED_TRACE(testing::Message() << "order " << seed);
        emulation::set_seed(seed);
        check();
    }
}

}  // namespace cytofleet::test
