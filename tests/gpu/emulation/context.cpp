#include "gpu/emulation/context.hpp"

#include <cstdint>
#include <stdexcept>

#if defined(__x86_64__)

// switch_stack(save, load): pushes what a call preserves, leaves the stack's top in *save and goes
// on with the stack `load`. A fresh stack goes on in first_step, with the entry in rbx and its
// argument in r12.
asm(R"(
.text
.type cytofleet_switch_stack, @function
cytofleet_switch_stack:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size cytofleet_switch_stack, . - cytofleet_switch_stack
.type cytofleet_first_step, @function
cytofleet_first_step:
    movq %r12, %rdi
    call *%rbx
    ud2
.size cytofleet_first_step, . - cytofleet_first_step
)");
extern "C" void cytofleet_switch_stack(void** save, void* load);
extern "C" void cytofleet_first_step();

namespace cytofleet::emulation {

void Context::prepare(std::byte* stack, std::size_t size, void (*entry)(void*), void* argument) {
    constexpr std::uintptr_t alignment = 16;
    auto* const end = reinterpret_cast<std::uintptr_t*>(
        reinterpret_cast<std::uintptr_t>(stack + size) / alignment * alignment);
    // Seven words below a multiple of 16 bytes: so the stack is aligned once they are popped.
    std::uintptr_t* const top = end - 9;
    top[0] = top[1] = top[2] = 0;                         // r15, r14, r13
    top[3] = reinterpret_cast<std::uintptr_t>(argument);  // r12
    top[4] = reinterpret_cast<std::uintptr_t>(entry);     // rbx
    top[5] = 0;                                           // rbp
    top[6] = reinterpret_cast<std::uintptr_t>(&cytofleet_first_step);
    top_ = top;
}

void Context::resume_from(Context& from) {
    cytofleet_switch_stack(&from.top_, top_);
}

}  // namespace cytofleet::emulation

#else

namespace cytofleet::emulation {

void Context::enter(unsigned high, unsigned low) {
    const auto* self = reinterpret_cast<Context*>(static_cast<std::uintptr_t>(high) << 32 | low);
    self->entry_(self->argument_);
}

void Context::prepare(std::byte* stack, std::size_t size, void (*entry)(void*), void* argument) {
    if (getcontext(&context_) != 0) throw std::logic_error("getcontext failed");
    context_.uc_stack.ss_sp = stack;
    context_.uc_stack.ss_size = size;
    context_.uc_link = nullptr;
    entry_ = entry;
    argument_ = argument;
    // makecontext passes ints: the address goes in two halves.
    const auto self = reinterpret_cast<std::uintptr_t>(this);
    makecontext(&context_, reinterpret_cast<void (*)()>(&Context::enter), 2,
                static_cast<unsigned>(self >> 32), static_cast<unsigned>(self));
}

void Context::resume_from(Context& from) {
    swapcontext(&from.context_, &context_);
}

}  // namespace cytofleet::emulation

#endif
