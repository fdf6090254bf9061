// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "base/thread.h"
#include "base/time.h"
#include "network/tcp/descriptor.h"

namespace weir {

/// One thread that serves sockets: sleeps until one is ready, a deadline passes or somebody wakes it.
///
/// Threads: start(), stop() and wake() by any; the rest by the loop's thread, from inside a handler.
/// Order:   lock_ is a leaf: handlers are called without it. stop() comes when nobody wakes any more.
/// Cost:    wake() is a system call only if the loop sleeps.
class IoLoop {
public:
  /// One socket and what is done about it. Called by the loop's thread, one call at a time; must not block.
  class Handler : public std::enable_shared_from_this<Handler> {
  public:
    virtual ~Handler() = default;
    /// The descriptor can do what was waited for, or is broken.
    virtual void on_ready() = 0;
    /// Somebody called wake() since the last time.
    virtual void on_wake() = 0;
    virtual void on_deadline() = 0;
    /// There is nothing else to do just now: asked for with call_when_idle(). Whoever asks again keeps the
    /// loop from sleeping.
    virtual void on_idle() {}
    /// The loop ends. The last call.
    virtual void on_stop() = 0;

  private:
    friend class IoLoop;
    std::atomic<bool> is_woken_ = false;
    bool waits_for_idle_ = false;
    int descriptor_ = -1;
    std::uint32_t events_ = 0;
    std::optional<TimePoint> deadline_;
  };

  /// `name` is the thread's.
  explicit IoLoop(std::string name) : name_(std::move(name)) {}
  ~IoLoop() { stop(); }
  IoLoop(const IoLoop&) = delete;
  IoLoop& operator=(const IoLoop&) = delete;

  /// Begins the thread, the first time. Errors: the system has no descriptors left.
  [[nodiscard]] Status start() WEIR_EXCLUDES(lock_);
  /// Tells every handler, lets go of them and ends the thread.
  void stop() WEIR_EXCLUDES(lock_);

  /// Has on_wake() called soon; what was written before is seen there.
  void wake(Handler& handler) WEIR_EXCLUDES(lock_);

  /// Has on_ready() called while `descriptor` is readable or, if wanted, writable. The loop keeps the handler
  /// until leave().
  void watch(Handler& handler, int descriptor, bool readable, bool writable);
  /// Before the descriptor is closed.
  void unwatch(Handler& handler);
  void set_deadline(Handler& handler, std::optional<TimePoint> when);
  void leave(Handler& handler);
  /// Has on_idle() called, once, before the loop sleeps. For a member.
  void call_when_idle(Handler& handler);

private:
  using Handlers = std::vector<std::shared_ptr<Handler>>;
  enum State : int { kAwake, kRung, kAsleep };

  void run();
  void await_events();
  void call_idle();
  void call_woken();
  void call_due();
  void stop_handlers();
  void ring();
  /// -1: no deadline.
  [[nodiscard]] int milliseconds_to_deadline() const;
  /// Moves those who were woken to `called_`.
  void take_woken() WEIR_EXCLUDES(lock_);

  const std::string name_;
  Descriptor epoll_;
  Descriptor bell_;
  std::atomic<int> state_ = kAwake;
  std::atomic<bool> stopping_ = false;

  // The loop's thread.
  std::unordered_map<Handler*, std::shared_ptr<Handler>> members_;
  Handlers called_;    // keeps its memory from one round to the next
  Handlers idle_;         // who waits for that
  Handlers called_idle_;  // keeps its memory
  Handlers departed_;  // until the events at hand are dealt with: they may still name them
  std::set<std::pair<TimePoint, Handler*>> deadlines_;

  Mutex lock_;
  Handlers woken_ WEIR_GUARDED_BY(lock_);
  bool started_ WEIR_GUARDED_BY(lock_) = false;

  Thread thread_;
};

}  // namespace weir
