// SPDX-License-Identifier: Apache-2.0
#include "execution/operators/accumulators.h"

#include <stdexcept>

namespace weir {

namespace {

thread_local Accumulators* current_task = nullptr;

}  // namespace

Accumulators::Scope::Scope(Accumulators& task) : outer_(std::exchange(current_task, &task)) {}

Accumulators::Scope::~Scope() { current_task = outer_; }

Accumulators* Accumulators::of_this_thread() { return current_task; }

std::shared_ptr<Accumulators::Sum> Accumulators::sum(const std::string& name) {
  if (name.size() > kMaxNameBytes) {
    throw std::length_error("the name of an accumulator has " + std::to_string(name.size()) +
                            " bytes: the most is " + std::to_string(kMaxNameBytes));
  }
  MutexLock held(lock_);
  if (const auto known = sums_.find(name); known != sums_.end()) return known->second;
  if (sums_.size() == kMaxSums) {
    throw std::length_error("accumulator \"" + name + "\" is one too many: a task may have " +
                            std::to_string(kMaxSums));
  }
  return sums_.emplace(name, std::make_shared<Sum>(0)).first->second;
}

std::map<std::string, std::int64_t> Accumulators::values() const {
  MutexLock held(lock_);
  std::map<std::string, std::int64_t> values;
  for (const auto& [name, sum] : sums_) values.emplace(name, sum->load(std::memory_order_relaxed));
  return values;
}

LongCounter::LongCounter(std::string name) : name_(std::move(name)) {
  Accumulators* task = Accumulators::of_this_thread();
  sum_ = task != nullptr ? task->sum(name_) : std::make_shared<Accumulators::Sum>(0);
}

LongCounter::LongCounter(const LongCounter& other) : name_(other.name_) {
  Accumulators* task = Accumulators::of_this_thread();
  sum_ = task != nullptr ? task->sum(name_) : other.sum_;
}

}  // namespace weir
