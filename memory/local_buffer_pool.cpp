// SPDX-License-Identifier: Apache-2.0
#include "memory/local_buffer_pool.h"

#include <chrono>
#include <utility>

#include "memory/network_buffer_pool.h"

namespace weir {

std::optional<BufferBuilder> LocalBufferPool::request() {
  for (;;) {
    if (auto builder = request_now(/*will_wait=*/true)) return builder;
    if (!await_segment()) return std::nullopt;
  }
}

std::optional<BufferBuilder> LocalBufferPool::try_request() { return request_now(/*will_wait=*/false); }

std::optional<BufferBuilder> LocalBufferPool::request_or_listen(
    const std::shared_ptr<SegmentListener>& listener) {
  for (;;) {
    {
      MutexLock held(lock_);
      if (!closed_ && free_.empty() && taken_ >= size()) {  // as mostly: all are lent
        listeners_.push_back(listener);
        return std::nullopt;
      }
    }
    if (auto builder = request_now(/*will_wait=*/true)) return builder;
    MutexLock held(lock_);
    if (closed_) return std::nullopt;
    if (!free_.empty() || may_retry_) continue;  // one came in between
    listeners_.push_back(listener);
    return std::nullopt;
  }
}

std::optional<BufferBuilder> LocalBufferPool::request_now(bool will_wait) {
  const auto claimed = claim();
  if (!claimed) return std::nullopt;
  SegmentBlock* block = *claimed;
  if (block == nullptr) block = global_.take(*this, will_wait);
  if (block != nullptr) {
    block->lend(*this);
    return BufferBuilder(*block);
  }
  MutexLock held(lock_);
  --taken_;
  return std::nullopt;
}

std::optional<SegmentBlock*> LocalBufferPool::claim() {
  MutexLock held(lock_);
  may_retry_ = false;
  if (closed_) return std::nullopt;
  if (!free_.empty()) {
    auto* block = free_.back();  // the last one freed is the one most likely still in a cache
    free_.pop_back();
    return block;
  }
  if (taken_ >= size()) return std::nullopt;
  ++taken_;
  return nullptr;
}

bool LocalBufferPool::await_segment() {
  MutexLock held(lock_);
  if (closed_) return false;
  if (!free_.empty() || may_retry_) return true;
  waiting_ = true;
  impatient_ = false;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (waiting_) {
    if (impatient_) {
      freed_.wait(lock_);
    } else if (!freed_.wait_until(lock_, deadline)) {
      impatient_ = true;
      waiting_ = waiting_ && free_.empty();
    }
  }
  return !closed_;
}

bool LocalBufferPool::should_wake() const {
  if (!waiting_ || free_.empty()) return false;
  return impatient_ || 2 * free_.size() >= size();
}

std::shared_ptr<LocalBufferPool> LocalBufferPool::end_wait() {
  waiting_ = false;
  return shared_from_this();
}

std::shared_ptr<SegmentListener> LocalBufferPool::next_listener() {
  while (!listeners_.empty()) {
    auto next = listeners_.front().lock();
    listeners_.erase(listeners_.begin());
    if (next != nullptr) return next;
  }
  return nullptr;
}

void LocalBufferPool::have_listeners_ask() {
  for (;;) {
    std::shared_ptr<SegmentListener> next;
    {
      MutexLock held(lock_);
      if (!free_.empty() || may_retry_) next = next_listener();
    }
    if (next == nullptr) return;
    (void)next->on_segment(*this, std::nullopt);
  }
}

void LocalBufferPool::hand_over(BufferBuilder segment, std::shared_ptr<SegmentListener> listener) {
  std::optional<BufferBuilder> left(std::move(segment));
  while (left && listener != nullptr) {
    left = listener->on_segment(*this, std::move(left));
    MutexLock held(lock_);
    listener = left ? next_listener() : nullptr;
  }
}

void LocalBufferPool::recycle(SegmentBlock& block) {
  NetworkBufferPool& global = global_;  // this pool may end as soon as the lock is let go
  std::shared_ptr<LocalBufferPool> woken;
  std::shared_ptr<LocalBufferPool> kept;  // whoever listens may be the last who kept it alive
  std::shared_ptr<SegmentListener> listener;
  bool surplus = false;
  {
    MutexLock held(lock_);
    surplus = closed_ || taken_ > size();
    if (surplus) --taken_;
    else listener = next_listener();
    if (listener != nullptr) kept = shared_from_this();
    else if (!surplus) free_.push_back(&block);
    if (should_wake()) woken = end_wait();
  }
  if (woken) woken->freed_.notify_one();
  SegmentBlock* home = &block;
  if (surplus) global.give_back(*this, {&home, 1});
  if (listener == nullptr) return;
  block.lend(*this);
  hand_over(BufferBuilder(block), std::move(listener));
}

void LocalBufferPool::nudge() {
  std::shared_ptr<LocalBufferPool> woken;
  {
    MutexLock held(lock_);
    impatient_ = true;
    if (should_wake()) woken = end_wait();
  }
  if (woken) woken->freed_.notify_one();
}

void LocalBufferPool::close() {
  std::vector<SegmentBlock*> blocks;
  std::shared_ptr<LocalBufferPool> woken;
  {
    MutexLock held(lock_);
    if (closed_) return;
    closed_ = true;
    listeners_.clear();
    blocks.swap(free_);
    taken_ -= static_cast<std::uint32_t>(blocks.size());
    if (waiting_) woken = end_wait();
  }
  if (woken) woken->freed_.notify_one();
  global_.close(*this, blocks);
}

std::uint32_t LocalBufferPool::available() const {
  MutexLock held(lock_);
  const auto untaken = taken_ < size() ? size() - taken_ : 0;
  return static_cast<std::uint32_t>(free_.size()) + untaken;
}

void LocalBufferPool::on_resized() {
  std::vector<SegmentBlock*> surplus;
  std::shared_ptr<LocalBufferPool> woken;
  bool worth_asking = false;
  {
    MutexLock held(lock_);
    while (taken_ > size() && !free_.empty()) {
      surplus.push_back(free_.back());
      free_.pop_back();
      --taken_;
    }
    may_retry_ = may_retry_ || taken_ < size();
    if (waiting_ && (may_retry_ || should_wake())) woken = end_wait();
    worth_asking = !listeners_.empty();
  }
  if (woken) woken->freed_.notify_one();
  if (worth_asking) have_listeners_ask();
  if (!surplus.empty()) global_.give_back(*this, surplus);
}

void LocalBufferPool::on_global_segment() {
  std::shared_ptr<LocalBufferPool> woken;
  bool worth_asking = false;
  {
    MutexLock held(lock_);
    may_retry_ = true;
    if (waiting_) woken = end_wait();
    worth_asking = !listeners_.empty();
  }
  if (woken) woken->freed_.notify_one();
  if (worth_asking) have_listeners_ask();
}

}  // namespace weir
