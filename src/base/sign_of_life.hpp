// Work that others wait for tells them now and then that it goes on.
#pragma once

#include <functional>

#include "base/timer.hpp"

namespace cytofleet {

/// While it lives, give_sign_of_life() on this thread calls `tell`, at most once a second.
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
