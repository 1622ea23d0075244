// Runs a kernel's body on the host as a device would: blocks in random order, the threads of a
// block as fibers that take turns in random order and meet at barriers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace cytofleet::emulation {

// NOLINTBEGIN(readability-identifier-naming,google-explicit-constructor): as CUDA has it
struct dim3 {
    unsigned x = 1;
    unsigned y = 1;
    unsigned z = 1;
    dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
    std::uint64_t count() const { return std::uint64_t{x} * y * z; }
};
// NOLINTEND(readability-identifier-naming,google-explicit-constructor)

/// Where the running fiber stands.
struct Place {
    dim3 thread{0, 0, 0};
    dim3 block{0, 0, 0};
    dim3 block_size;
    dim3 grid_size;
    unsigned linear = 0;          ///< thread number in the block
    std::byte* shared = nullptr;  ///< dynamic shared memory, 16-byte aligned
};
Place& here();

/// The order of everything that a device leaves open follows from the seed.
void set_seed(std::uint64_t seed);

/// Throws std::logic_error for shapes that CUDA refuses, for a deadlock, and what the body throws.
/// Shared memory starts filled with a pattern, not with zeros.
void run_grid(dim3 grid, dim3 block, std::size_t shared, const std::function<void()>& body);

/// The same with all blocks on their way at once: one runs until it waits for others. Variables in
/// static shared memory are common to all blocks here: nothing in them may outlast such a wait.
void run_together(dim3 grid, dim3 block, std::size_t shared, const std::function<void()>& body);
/// Waits until other blocks have brought *number to `least`; only under run_together.
void wait_for(const unsigned* number, unsigned least);

/// Waits for all threads of the block that have not returned.
void block_barrier();
/// The same; how many of them brought true.
int block_vote(bool value);
/// Waits for all lanes of `mask` (which must name the caller); what each brought.
std::array<std::uint64_t, 32> warp_exchange(unsigned mask, std::uint64_t value);
/// Another thread may run now.
void maybe_yield();

}  // namespace cytofleet::emulation
