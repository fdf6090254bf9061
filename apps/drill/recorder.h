// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "apps/drill/history.h"
#include "base/sync.h"
#include "base/time.h"

namespace weir::drill {

/// A line of a drill's diary.
struct Note {
  std::string text;
  TimePoint at{};
};

/// All that was seen of a drill, each kind in the order in which it was seen.
struct History {
  std::vector<LeaderSeen> leaders;
  std::vector<CheckpointSeen> checkpoints;
  std::vector<OutputSeen> outputs;
  std::vector<Note> notes;

  [[nodiscard]] std::uint64_t highest_checkpoint() const;
};

/// Where observers write down what they see, and the drill waits for it.
///
/// Threads: any.
class Recorder {
public:
  void add(const LeaderSeen& seen) WEIR_EXCLUDES(lock_) {
    put([&] { history_.leaders.push_back(seen); });
  }
  void add(const CheckpointSeen& seen) WEIR_EXCLUDES(lock_) {
    put([&] { history_.checkpoints.push_back(seen); });
  }
  void add(const OutputSeen& seen) WEIR_EXCLUDES(lock_) {
    put([&] { history_.outputs.push_back(seen); });
  }
  void note(std::string text) WEIR_EXCLUDES(lock_) {
    put([&] { history_.notes.push_back({std::move(text), std::chrono::steady_clock::now()}); });
  }

  [[nodiscard]] History history() const WEIR_EXCLUDES(lock_) {
    const MutexLock lock(lock_);
    return history_;
  }

  /// Returns when `is_true(history)`; false if it is not when `patience` is over.
  template <class Question>
  [[nodiscard]] bool await(Question is_true, Duration patience) WEIR_EXCLUDES(lock_) {
    const TimePoint deadline = std::chrono::steady_clock::now() + patience;
    const MutexLock lock(lock_);
    while (!is_true(history_))
      if (!added_.wait_until(lock_, deadline) && !is_true(history_)) return false;
    return true;
  }
  /// Lets time pass: the schedule of a drill.
  void pass(Duration length) WEIR_EXCLUDES(lock_) {
    (void)await([](const History&) { return false; }, length);
  }

private:
  template <class Change>
  void put(Change change) WEIR_EXCLUDES(lock_) {
    const MutexLock lock(lock_);
    change();
    added_.notify_all();
  }

  mutable Mutex lock_;
  CondVar added_;
  History history_ WEIR_GUARDED_BY(lock_);
};

inline std::uint64_t History::highest_checkpoint() const {
  std::uint64_t highest = 0;
  for (const CheckpointSeen& seen : checkpoints) highest = std::max(highest, seen.id);
  for (const OutputSeen& seen : outputs) highest = std::max(highest, seen.checkpoint);
  return highest;
}

}  // namespace weir::drill
