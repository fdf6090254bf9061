// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/ids.h"
#include "base/time.h"
#include "messages/worker.h"

namespace weir {

/// When to ask the leader to be taken in: at once, then after pauses that double, and after a refusal not for
/// a while; and when to give up, if there is no leader or none that takes us in.
///
///     searching -- start --> asking -- taken in --> registered
///         ^                   | ^                       |
///         |        not yet, no answer, refused          |
///         +------------ search: no leader is known -----+
///
/// The time until it gives up runs from the first search, or from when it was registered last.
///
/// Threads: none. One caller at a time: the TaskManager.
/// Time:    reads no clock; `now` comes with the call. due() is the next point at which poll() has something
///          to say.
class Registration {
public:
  struct Options {
    Duration initial_pause = 500ms;
    Duration max_pause = 30s;
    Duration refused_pause = 10s;
    std::optional<Duration> give_up_after;  // none: search and ask for ever
  };
  enum class Step { Wait, Ask, GiveUp };

  explicit Registration(Options options) : options_(options) {}

  /// There is no leader to ask.
  void search(TimePoint now);
  /// There is one: poll() says Ask at once.
  void start(TimePoint now);
  [[nodiscard]] Step poll(TimePoint now);
  /// True: we are in, as reply.instance. An answer that nobody waits for changes nothing.
  [[nodiscard]] bool on_reply(const RegistrationReply& reply, TimePoint now);

  /// None: nothing will happen by itself.
  [[nodiscard]] std::optional<TimePoint> due() const;

private:
  enum class Phase { Idle, Searching, Asking, Registered };

  void begin_waiting(TimePoint now);

  const Options options_;
  Phase phase_ = Phase::Idle;
  TimePoint due_{};
  Duration pause_{};
  std::optional<TimePoint> give_up_at_;
};

}  // namespace weir
