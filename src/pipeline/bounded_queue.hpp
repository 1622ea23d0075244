// A queue between two threads that makes the faster one wait.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace cytofleet {

template <typename T>
class BoundedQueue {
  public:
    explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

    /// Waits while the queue is full. False: the queue was closed and the value is dropped.
    bool push(T value) { return push(std::move(value), capacity_); }

    /// The same for a value that counts as large: `capacity` for it alone, at least 1.
    bool push(T value, std::size_t capacity) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return closed_ || values_.size() < capacity; });
        if (closed_) return false;
        values_.push_back(std::move(value));
        changed_.notify_all();
        return true;
    }

    /// Waits for a value. Empty: the queue was closed and nothing is left.
    std::optional<T> pop() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return closed_ || !values_.empty(); });
        return take();
    }

    /// As pop(), but waits no longer than `patience`. `ended`: the queue was closed and nothing is
    /// left.
    std::optional<T> pop_within(std::chrono::microseconds patience, bool* ended = nullptr) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, patience, [&] { return closed_ || !values_.empty(); });
        if (ended != nullptr) *ended = closed_ && values_.empty();
        return take();
    }

    /// No more values come in; those inside can still be taken.
    void close() {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        changed_.notify_all();
    }

  private:
    std::optional<T> take() {
        if (values_.empty()) return std::nullopt;
        T value = std::move(values_.front());
        values_.pop_front();
        changed_.notify_all();
        return value;
    }

    std::size_t capacity_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<T> values_;
    bool closed_ = false;
};

}  // namespace cytofleet
