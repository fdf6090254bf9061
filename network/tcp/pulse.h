// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/time.h"

namespace weir {

/// Whether the other end of a link lives, and when to show it that we do. The kernel cannot tell: it answers
/// for a frozen process. Either end says something in every two beats, a ping if it has nothing else; who has
/// said nothing in four is lost. Pure.
///
/// Beats are counted, not clocks compared: one that was late because we were frozen ourselves is one beat
/// still, and what came meanwhile is read before it.
class Pulse {
public:
  struct Verdict {
    bool is_lost = false;
    bool must_ping = false;
  };

  /// Who says nothing for `silence` is lost, after four fifths of it at the earliest.
  explicit Pulse(Duration silence) : interval_(silence / (kBeatsToLose + 1)) {}

  /// How long after on_beat() the next is due.
  [[nodiscard]] Duration interval() const { return interval_; }

  void on_heard() { silent_beats_ = 0; }
  void on_said() { has_said_ = true; }
  [[nodiscard]] Verdict on_beat() {
    const bool has_said = has_said_;
    has_said_ = false;
    return {.is_lost = ++silent_beats_ > kBeatsToLose, .must_ping = !has_said};
  }

private:
  static constexpr int kBeatsToLose = 4;

  Duration interval_;
  int silent_beats_ = 0;
  bool has_said_ = false;
};

}  // namespace weir
