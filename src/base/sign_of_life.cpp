#include "base/sign_of_life.hpp"

#include <utility>

namespace cytofleet {
namespace {

thread_local SignsOfLife* current = nullptr;

}  // namespace

SignsOfLife::SignsOfLife(std::function<void()> tell)
    : tell_(std::move(tell)), outer_(std::exchange(current, this)) {}

SignsOfLife::~SignsOfLife() {
    current = outer_;
}

void give_sign_of_life() {
    if (current == nullptr || current->since_.seconds() < seconds_between_signs) return;
    current->since_ = Timer();
    current->tell_();
}

}  // namespace cytofleet
