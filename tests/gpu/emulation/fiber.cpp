#include "gpu/emulation/fiber.hpp"

#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace cytofleet::emulation {
namespace {

constexpr std::size_t stack_bytes = 64 * 1024;

// What AddressSanitizer wants to know of a switch; nothing without it.
#if defined(__SANITIZE_ADDRESS__)
void about_to_switch(void** fake_stack, const void* stack, std::size_t size) {
    __sanitizer_start_switch_fiber(fake_stack, stack, size);
}
void has_switched(void* fake_stack, const void** stack, std::size_t* size) {
    __sanitizer_finish_switch_fiber(fake_stack, stack, size);
}
#else
void about_to_switch(void** /*fake_stack*/, const void* /*stack*/, std::size_t /*size*/) {}
void has_switched(void* /*fake_stack*/, const void** /*stack*/, std::size_t* /*size*/) {}
#endif

}  // namespace

void FiberPool::start(std::size_t count, std::function<void(std::size_t)> body) {
    body_ = std::move(body);
    while (fibers_.size() < count) {
        fibers_.push_back(std::make_unique<Fiber>());
        fibers_.back()->stack = std::make_unique_for_overwrite<std::byte[]>(stack_bytes);
    }
    for (std::size_t i = 0; i < count; ++i) {
        Fiber& fiber = *fibers_[i];
        fiber.context.prepare(fiber.stack.get(), stack_bytes, &FiberPool::entry, this);
        fiber.fake_stack = nullptr;
    }
}

void FiberPool::entry(void* self_pool) {
    auto* pool = static_cast<FiberPool*>(self_pool);
    has_switched(nullptr, &pool->scheduler_stack_, &pool->scheduler_stack_size_);
    const std::size_t self = pool->current_;
    pool->body_(self);
    pool->finish(self);
}

void FiberPool::finish(std::size_t i) {
    // A null place for the fake stack: this fiber is at its end.
    about_to_switch(nullptr, scheduler_stack_, scheduler_stack_size_);
    scheduler_.resume_from(fibers_[i]->context);
}

void FiberPool::resume(std::size_t i) {
    current_ = i;
    Fiber& fiber = *fibers_[i];
    about_to_switch(&scheduler_fake_stack_, fiber.stack.get(), stack_bytes);
    fiber.context.resume_from(scheduler_);
    has_switched(scheduler_fake_stack_, nullptr, nullptr);
}

void FiberPool::back_to_scheduler() {
    Fiber& fiber = *fibers_[current_];
    about_to_switch(&fiber.fake_stack, scheduler_stack_, scheduler_stack_size_);
    scheduler_.resume_from(fiber.context);
    has_switched(fiber.fake_stack, &scheduler_stack_, &scheduler_stack_size_);
}

void FiberPool::forget() {
    fibers_.clear();
}

}  // namespace cytofleet::emulation
