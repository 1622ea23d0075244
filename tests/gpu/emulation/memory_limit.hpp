// How much memory the emulation has, and when it fails to give it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cytofleet::test {

/// For as long as this lives, no more than `bytes` beyond what is in use now.
class MemoryLimit {
  public:
    explicit MemoryLimit(std::size_t bytes);
    ~MemoryLimit();
    MemoryLimit(const MemoryLimit&) = delete;
    MemoryLimit& operator=(const MemoryLimit&) = delete;
};

/// For as long as this lives, device and page-locked memory is given `before` times, then refused
/// once, then given again.
class FailingAllocation {
  public:
    explicit FailingAllocation(std::int64_t before);
    ~FailingAllocation();
    FailingAllocation(const FailingAllocation&) = delete;
    FailingAllocation& operator=(const FailingAllocation&) = delete;
    bool happened() const;
};

}  // namespace cytofleet::test
