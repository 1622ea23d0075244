// Work that others wait for tells them now and then that it goes on.
#pragma once

#include <functional>

#include "base/timer.hpp"

namespace cytofleet {

constexpr double seconds_between_signs = 1;
/// A rank that was away itself for so many seconds cannot blame others for their silence.
constexpr double own_absence = 2;

/// While it lives, give_sign_of_life() on this thread calls `tell`, at most once in
/// seconds_between_signs.
class SignsOfLife {
  public:
    explicit SignsOfLife(std::function<void()> tell);
    ~SignsOfLife();
    SignsOfLife(const SignsOfLife&) = delete;
    SignsOfLife& operator=(const SignsOfLife&) = delete;

  private:
    friend void give_sign_of_life();
    std::function<void()> tell_;
    Timer since_;
    SignsOfLife* outer_;
};

/// Between pieces of work that may be many, or slow where the disk is: files, pages, MiB. Costs the
/// look at a clock.
void give_sign_of_life();

}  // namespace cytofleet
