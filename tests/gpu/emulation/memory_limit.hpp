// How much device memory the emulation has.
#pragma once

#include <cstddef>

namespace cytofleet::test {

/// For as long as this lives, no more than `bytes` beyond what is in use now.
class MemoryLimit {
  public:
    explicit MemoryLimit(std::size_t bytes);
    ~MemoryLimit();
    MemoryLimit(const MemoryLimit&) = delete;
    MemoryLimit& operator=(const MemoryLimit&) = delete;
};

}  // namespace cytofleet::test
