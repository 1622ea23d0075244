// Stacks that take turns on one thread, known to AddressSanitizer.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "gpu/emulation/context.hpp"

namespace cytofleet::emulation {

class FiberPool {
  public:
    /// Prepares `count` fibers; fiber i calls body(i) when it is resumed first. Stacks are reused.
    void start(std::size_t count, std::function<void(std::size_t)> body);
    /// Runs fiber i until it returns or calls back_to_scheduler(). Not after it has returned.
    void resume(std::size_t i);
    /// From within a fiber.
    void back_to_scheduler();
    /// Gives up fibers that have not returned: what they hold is lost.
    void forget();

  private:
    struct Fiber {
        std::unique_ptr<std::byte[]> stack;
        Context context;
        void* fake_stack = nullptr;
    };
    static void entry(void* pool);
    void finish(std::size_t i);

    std::vector<std::unique_ptr<Fiber>> fibers_;
    std::function<void(std::size_t)> body_;
    std::size_t current_ = 0;
    Context scheduler_;
    void* scheduler_fake_stack_ = nullptr;
    const void* scheduler_stack_ = nullptr;
    std::size_t scheduler_stack_size_ = 0;
};

}  // namespace cytofleet::emulation
