#include "gpu/emulation/block.hpp"

#include <algorithm>
#include <exception>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "gpu/emulation/fiber.hpp"

namespace cytofleet::emulation {
namespace {

constexpr unsigned lanes = 32;
constexpr std::size_t most_threads = 1024;
constexpr std::size_t most_shared = 227 * 1024;  // of a block on sm_90

std::mt19937_64& random_order() {
    static std::mt19937_64 engine(1);
    return engine;
}

enum class State { ready, at_barrier, at_exchange, at_others, done };

/// Threads of one block.
class Block {
  public:
    Block(dim3 size, std::byte* shared, dim3 number, dim3 grid, const std::function<void()>& body)
        : body_(body), threads_(size.count()), warps_((threads_.size() + lanes - 1) / lanes) {
        for (unsigned i = 0; i < threads_.size(); ++i) {
            Place& place = threads_[i].place;
            place.thread = {i % size.x, i / size.x % size.y, i / (size.x * size.y)};
            place.block = number;
            place.block_size = size;
            place.grid_size = grid;
            place.linear = i;
            place.shared = shared;
        }
    }

    void start(FiberPool& pool);
    /// Runs until all threads are done (true) or none can go on before another block has (false).
    bool advance();
    /// Whether what some thread waits for has come.
    bool can_go_on();
    void wait_for(const unsigned* number, unsigned least) {
        threads_[current_].number = number;
        threads_[current_].least = least;
        yield(State::at_others);
    }
    Place& place() { return threads_[current_].place; }
    int barrier(bool vote);
    std::array<std::uint64_t, 32> exchange(unsigned mask, std::uint64_t value);
    void yield(State state) {
        threads_[current_].state = state;
        fibers_->back_to_scheduler();
    }

  private:
    struct Thread {
        Place place;
        State state = State::ready;
        unsigned mask = 0;
        bool vote = false;
        std::uint64_t brought = 0;
        std::array<std::uint64_t, 32> got{};
        const unsigned* number = nullptr;  ///< at_others: what it waits for to be at least...
        unsigned least = 0;                ///< ...this
    };
    struct Warp {
        std::uint32_t waiting = 0;
    };

    void body_of(unsigned thread) {
        try {
            body_();
        } catch (...) {
            if (!failure_) failure_ = std::current_exception();
        }
        threads_[thread].state = State::done;
    }
    bool open_barrier();
    void open_exchanges(unsigned warp);

    const std::function<void()>& body_;
    std::vector<Thread> threads_;
    std::vector<Warp> warps_;
    unsigned current_ = 0;
    std::size_t left_ = 0;
    int votes_ = 0;
    FiberPool* fibers_ = nullptr;
    std::exception_ptr failure_;
};

Block* running = nullptr;

void Block::start(FiberPool& pool) {
    fibers_ = &pool;
    left_ = threads_.size();
    pool.start(threads_.size(), [this](std::size_t i) { body_of(static_cast<unsigned>(i)); });
}

bool Block::advance() {
    std::vector<unsigned> ready;
    while (left_ > 0) {
        ready.clear();
        for (unsigned i = 0; i < threads_.size(); ++i)
            if (threads_[i].state == State::ready) ready.push_back(i);
        if (ready.empty()) {
            if (failure_) std::rethrow_exception(failure_);
            if (open_barrier() || can_go_on()) continue;
            for (const Thread& thread : threads_)
                if (thread.state == State::at_others) return false;
            throw std::logic_error(
                "the threads of a block wait for each other at different "
                "places: on a device this hangs");
        }
        std::ranges::shuffle(ready, random_order());
        for (const unsigned i : ready) {
            current_ = i;
            fibers_->resume(i);
            if (threads_[i].state == State::done) --left_;
        }
    }
    if (failure_) std::rethrow_exception(failure_);
    return true;
}

bool Block::can_go_on() {
    bool any = false;
    for (Thread& thread : threads_)
        if (thread.state == State::at_others && *thread.number >= thread.least) {
            thread.state = State::ready;
            any = true;
        }
    return any;
}

/// Lets everybody go on when all threads that are left stand at the barrier.
bool Block::open_barrier() {
    int votes = 0;
    for (const Thread& thread : threads_) {
        if (thread.state == State::at_exchange || thread.state == State::at_others) return false;
        if (thread.state == State::at_barrier && thread.vote) ++votes;
    }
    votes_ = votes;
    for (Thread& thread : threads_)
        if (thread.state == State::at_barrier) thread.state = State::ready;
    return true;
}

int Block::barrier(bool vote) {
    threads_[current_].vote = vote;
    yield(State::at_barrier);
    return votes_;
}

std::array<std::uint64_t, 32> Block::exchange(unsigned mask, std::uint64_t value) {
    const unsigned self = current_;
    const unsigned lane = self % lanes;
    if ((mask >> lane & 1U) == 0)
        throw std::logic_error("a lane calls a warp function whose mask does not name it");
    threads_[self].mask = mask;
    threads_[self].brought = value;
    threads_[self].state = State::at_exchange;
    open_exchanges(self / lanes);
    if (threads_[self].state == State::at_exchange) fibers_->back_to_scheduler();
    return threads_[self].got;
}

/// Completes the exchange of a mask all of whose lanes have come. Lanes beyond the block count as
/// there; a lane that has returned never comes.
void Block::open_exchanges(unsigned warp) {
    const unsigned first = warp * lanes;
    const unsigned count =
        std::min<unsigned>(lanes, static_cast<unsigned>(threads_.size()) - first);
    const unsigned mask = threads_[current_].mask;
    for (unsigned lane = 0; lane < count; ++lane) {
        if ((mask >> lane & 1U) == 0) continue;
        const Thread& other = threads_[first + lane];
        if (other.state != State::at_exchange || other.mask != mask) return;
    }
    std::array<std::uint64_t, 32> all{};
    for (unsigned lane = 0; lane < count; ++lane)
        if ((mask >> lane & 1U) != 0) all[lane] = threads_[first + lane].brought;
    for (unsigned lane = 0; lane < count; ++lane)
        if ((mask >> lane & 1U) != 0) {
            threads_[first + lane].got = all;
            threads_[first + lane].state = State::ready;
        }
}

void check_shape(dim3 grid, dim3 block, std::size_t shared) {
    const auto refuse = [](const std::string& what) {
        throw std::logic_error("a launch that CUDA refuses: " + what);
    };
    if (block.count() == 0 || block.count() > most_threads || block.z > 64)
        refuse(std::to_string(block.count()) + " threads per block");
    if (grid.count() == 0 || grid.y > 65535 || grid.z > 65535 || grid.x > 0x7fffffffU)
        refuse("the size of the grid");
    if (shared > most_shared) refuse(std::to_string(shared) + " bytes of shared memory");
}

/// A block with its dynamic shared memory, which is of its exact size so that a sanitizer sees a
/// step beyond it.
struct BlockOfGrid {
    std::unique_ptr<std::byte[]> memory;
    Block block;
    bool started = false;
    BlockOfGrid(dim3 grid, dim3 size, std::size_t shared, std::uint64_t number,
                const std::function<void()>& body)
        : memory(new std::byte[shared]),
          block(size, memory.get(),
                dim3(static_cast<unsigned>(number % grid.x),
                     static_cast<unsigned>(number / grid.x % grid.y),
                     static_cast<unsigned>(number / grid.x / grid.y)),
                grid, body) {
        std::fill_n(memory.get(), shared, std::byte{0xA5});
    }
};

/// The block that is running while this lives.
class Running {
  public:
    explicit Running(Block& block) : outer_(std::exchange(running, &block)) {}
    ~Running() { running = outer_; }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

  private:
    Block* outer_;
};

std::vector<std::uint64_t> in_random_order(dim3 grid, dim3 block, std::size_t shared) {
    check_shape(grid, block, shared);
    std::vector<std::uint64_t> order(grid.count());
    std::iota(order.begin(), order.end(), std::uint64_t{0});
    std::ranges::shuffle(order, random_order());
    return order;
}

}  // namespace

Place& here() {
    return running->place();
}

void set_seed(std::uint64_t seed) {
    random_order().seed(seed);
}

void run_grid(dim3 grid, dim3 block, std::size_t shared, const std::function<void()>& body) {
    static FiberPool pool;
    for (const std::uint64_t number : in_random_order(grid, block, shared)) {
        BlockOfGrid one(grid, block, shared, number, body);
        const Running here(one.block);
        try {
            one.block.start(pool);
            if (!one.block.advance())
                throw std::logic_error(
                    "a block waits for others that need not run: use "
                    "launch_together");
        } catch (...) {
            pool.forget();
            throw;
        }
    }
}

void run_together(dim3 grid, dim3 block, std::size_t shared, const std::function<void()>& body) {
    std::vector<std::unique_ptr<FiberPool>> pools;
    std::vector<std::unique_ptr<BlockOfGrid>> waiting;
    for (const std::uint64_t number : in_random_order(grid, block, shared)) {
        pools.push_back(std::make_unique<FiberPool>());
        waiting.push_back(std::make_unique<BlockOfGrid>(grid, block, shared, number, body));
        waiting.back()->block.start(*pools.back());
    }
    while (!waiting.empty()) {
        bool moved = false;
        std::ranges::shuffle(waiting, random_order());
        for (std::unique_ptr<BlockOfGrid>& one : waiting) {
            const Running here(one->block);
            if (!one->started || one->block.can_go_on()) moved = true;
            one->started = true;
            if (one->block.advance()) one.reset();
        }
        if (std::erase(waiting, nullptr) == 0 && !moved)
            throw std::logic_error(
                "blocks wait for what none of them brings: on a device this "
                "hangs");
    }
}

void wait_for(const unsigned* number, unsigned least) {
    running->wait_for(number, least);
}

void block_barrier() {
    running->barrier(false);
}
int block_vote(bool value) {
    return running->barrier(value);
}
std::array<std::uint64_t, 32> warp_exchange(unsigned mask, std::uint64_t value) {
    return running->exchange(mask, value);
}
void maybe_yield() {
    if (random_order()() % 8 == 0) running->yield(State::ready);
}

}  // namespace cytofleet::emulation
