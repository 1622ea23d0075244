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

/// The most device memory that was in use at a time beyond what was when this began.
class MemoryPeak {
  public:
    MemoryPeak();
    std::size_t bytes() const;

  private:
    std::size_t before_;
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
