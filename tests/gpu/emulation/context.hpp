// A suspended stack of a fiber. On x86-64 a switch is a dozen instructions; elsewhere it is
// swapcontext, which asks the kernel for the signal mask each time: a third of the emulation's
// time.
#pragma once

#include <cstddef>
#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace cytofleet::emulation {

class Context {
  public:
    /// When it is resumed first, calls entry(argument) on `stack`; entry must not return.
    void prepare(std::byte* stack, std::size_t size, void (*entry)(void*), void* argument);
    /// Suspends the caller in `from` and goes on where this one was suspended.
    void resume_from(Context& from);

  private:
#if defined(__x86_64__)
    void* top_ = nullptr;  ///< of the suspended stack, where its registers are
#else
    static void enter(unsigned high, unsigned low);
    ucontext_t context_;
    void (*entry_)(void*) = nullptr;
    void* argument_ = nullptr;
#endif
};

}  // namespace cytofleet::emulation
