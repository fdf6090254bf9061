// SPDX-License-Identifier: Apache-2.0
#include "network/tcp/io_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace weir {

namespace {

constexpr int kMaxEvents = 64;

Error no_descriptor(const char* what) {
  return {.code = ErrorCode::IoFailure,
          .what = std::string("no ") + what + " for the data exchange: " + std::strerror(errno),
          .blame = Blame::Environment,
          .retry = Retry::Later};
}

}  // namespace

Status IoLoop::start() {
  MutexLock held(lock_);
  if (started_) return Status::ok();
  Descriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.is_open()) return no_descriptor("epoll");
  Descriptor bell(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!bell.is_open()) return no_descriptor("eventfd");
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  if (::epoll_ctl(epoll.number(), EPOLL_CTL_ADD, bell.number(), &event) != 0) return no_descriptor("watch");
  epoll_ = std::move(epoll);
  bell_ = std::move(bell);
  started_ = true;
  thread_ = Thread(name_, [this] { run(); });
  return Status::ok();
}

void IoLoop::stop() {
  {
    MutexLock held(lock_);
    if (!started_) return;
  }
  stopping_.store(true);
  ring();
  thread_.join();
}

void IoLoop::wake(Handler& handler) {
  // Only the first waker since the last on_wake() queues the handler; the loop sees what the others wrote,
  // because it takes the mark back by an exchange that follows theirs.
  if (handler.is_woken_.exchange(true, std::memory_order_acq_rel)) return;
  {
    MutexLock held(lock_);
    woken_.push_back(handler.shared_from_this());
  }
  ring();
}

void IoLoop::ring() {
  if (state_.exchange(kRung, std::memory_order_acq_rel) != kAsleep) return;
  const std::uint64_t one = 1;
  (void)!::write(bell_.number(), &one, sizeof one);  // full means that it rings already
}

void IoLoop::watch(Handler& handler, int descriptor, bool readable, bool writable) {
  members_.try_emplace(&handler, handler.shared_from_this());
  const std::uint32_t events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u);
  if (handler.descriptor_ == descriptor && handler.events_ == events) return;
  epoll_event event{.events = events, .data = {.ptr = &handler}};
  const int operation = handler.descriptor_ == descriptor ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  WEIR_CHECK(::epoll_ctl(epoll_.number(), operation, descriptor, &event) == 0, "a socket can be watched");
  handler.descriptor_ = descriptor;
  handler.events_ = events;
}

void IoLoop::unwatch(Handler& handler) {
  if (handler.descriptor_ < 0) return;
  (void)::epoll_ctl(epoll_.number(), EPOLL_CTL_DEL, handler.descriptor_, nullptr);
  handler.descriptor_ = -1;
}

void IoLoop::set_deadline(Handler& handler, std::optional<TimePoint> when) {
  if (handler.deadline_) deadlines_.erase({*handler.deadline_, &handler});
  handler.deadline_ = when;
  if (!when) return;
  members_.try_emplace(&handler, handler.shared_from_this());
  deadlines_.emplace(*when, &handler);
}

void IoLoop::leave(Handler& handler) {
  unwatch(handler);
  set_deadline(handler, std::nullopt);
  const auto found = members_.find(&handler);
  if (found == members_.end()) return;
  departed_.push_back(std::move(found->second));
  members_.erase(found);
}

void IoLoop::run() {
  while (!stopping_.load()) {
    await_events();
    call_woken();
    call_due();
    departed_.clear();
  }
  stop_handlers();
}

void IoLoop::await_events() {
  std::array<epoll_event, kMaxEvents> events;
  int count = 0;
  if (idle_.empty()) {
    int awake = kAwake;
    const bool may_sleep = state_.compare_exchange_strong(awake, kAsleep, std::memory_order_acq_rel);
    const int patience = may_sleep ? milliseconds_to_deadline() : 0;
    count = ::epoll_wait(epoll_.number(), events.data(), kMaxEvents, patience);
    state_.exchange(kAwake, std::memory_order_acq_rel);
  } else {  // somebody waits for a quiet moment: this is one if nothing is ready and nobody rang
    count = ::epoll_wait(epoll_.number(), events.data(), kMaxEvents, 0);
    if (state_.exchange(kAwake, std::memory_order_acq_rel) != kRung && count <= 0) call_idle();
  }
  for (int i = 0; i < count; ++i) {
    auto* handler = static_cast<Handler*>(events[static_cast<std::size_t>(i)].data.ptr);
    if (handler == nullptr) {
      std::uint64_t rings = 0;
      (void)!::read(bell_.number(), &rings, sizeof rings);
    } else if (members_.contains(handler)) {
      handler->on_ready();
    }
  }
}

void IoLoop::call_when_idle(Handler& handler) {
  if (std::exchange(handler.waits_for_idle_, true)) return;
  idle_.push_back(handler.shared_from_this());
}

void IoLoop::call_idle() {
  called_idle_.swap(idle_);
  for (const auto& handler : called_idle_) {
    handler->waits_for_idle_ = false;
    handler->on_idle();
  }
  called_idle_.clear();
}

int IoLoop::milliseconds_to_deadline() const {
  if (deadlines_.empty()) return -1;
  const auto left = deadlines_.begin()->first - SystemClock{}.now();
  constexpr std::int64_t kHour = 3'600'000;
  const auto whole = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::clamp<std::int64_t>(whole, 0, kHour));
}

void IoLoop::take_woken() {
  MutexLock held(lock_);
  called_.swap(woken_);
}

void IoLoop::call_woken() {
  take_woken();
  for (const auto& handler : called_) {
    handler->is_woken_.exchange(false, std::memory_order_acq_rel);
    handler->on_wake();
  }
  called_.clear();
}

void IoLoop::call_due() {
  if (deadlines_.empty()) return;
  const auto now = SystemClock{}.now();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    Handler& handler = *deadlines_.begin()->second;
    set_deadline(handler, std::nullopt);
    handler.on_deadline();
  }
}

void IoLoop::stop_handlers() {
  // A handler may be woken and not yet be a member; and one that stops may make others leave.
  take_woken();
  for (const auto& [handler, owner] : members_) called_.push_back(owner);
  for (const auto& handler : called_) {
    handler->on_stop();
    leave(*handler);
  }
  called_.clear();
  departed_.clear();
}

}  // namespace weir
