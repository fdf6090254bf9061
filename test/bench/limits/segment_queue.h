// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/sync.h"
#include "memory/memory_segment.h"

namespace weir::limits {

class SegmentStock;

/// 32 KiB and what was written to them, with slack to over-copy into.
struct Segment {
  std::unique_ptr<std::byte[]> bytes{new std::byte[kDefaultSegmentBytes + kSegmentSlackBytes]()};
  std::uint32_t used = 0;
  SegmentStock* home = nullptr;

  [[nodiscard]] std::byte* begin() const { return bytes.get(); }
  [[nodiscard]] std::byte* end() const { return begin() + kDefaultSegmentBytes; }
};

/// Hands segments from threads to a thread. Both sides take long breaths: the reader takes all that is there,
/// and once it has slept, it is only woken when it is worth it (waking costs as much as filling a segment).
///
/// Threads: any push, one takes.
class SegmentQueue {
public:
  /// take_all() sleeps until this many are there.
  explicit SegmentQueue(std::size_t enough) : enough_(enough) {}

  void push(Segment* segment) WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    queue_.push_back(segment);
    if (waits_ && queue_.size() >= enough_) changed_.notify_one();
  }

  void wake_at_one() WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    enough_ = 1;
  }

  /// Each of `writers` says once that it will push no more.
  void finish(std::size_t writers) WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    closed_ = ++finished_ == writers;
    if (closed_) changed_.notify_one();
  }

  /// Replaces `out` by all that is there. False when nothing is left and nothing will come.
  bool take_all(std::vector<Segment*>& out) WEIR_EXCLUDES(lock_) {
    out.clear();
    MutexLock held(lock_);
    while (queue_.empty() && !closed_) {
      waits_ = true;
      while (queue_.size() < enough_ && !closed_) changed_.wait(lock_);
      waits_ = false;
    }
    std::swap(queue_, out);
    return !out.empty();
  }

private:
  Mutex lock_;
  CondVar changed_;
  std::size_t enough_ WEIR_GUARDED_BY(lock_);
  std::vector<Segment*> queue_ WEIR_GUARDED_BY(lock_);
  std::size_t finished_ WEIR_GUARDED_BY(lock_) = 0;
  bool closed_ WEIR_GUARDED_BY(lock_) = false;
  bool waits_ WEIR_GUARDED_BY(lock_) = false;
};

/// The segments of one writer, which come back to it when they were read.
class SegmentStock {
public:
  explicit SegmentStock(std::size_t count)
      : segments_(count), returned_(std::max<std::size_t>(count / 2, 1)) {
    for (auto& segment : segments_) {
      segment.home = this;
      at_hand_.push_back(&segment);
    }
  }

  /// By the writer. Waits for readers: this is the back-pressure.
  Segment* get() {
    if (at_hand_.empty()) returned_.take_all(at_hand_);
    Segment* const segment = at_hand_.back();
    at_hand_.pop_back();
    return segment;
  }

  /// By any reader.
  void give_back(Segment* segment) { returned_.push(segment); }

  /// By the writer, when it writes no more: waits until every segment is back.
  void await_all() {
    std::size_t back = at_hand_.size();
    returned_.wake_at_one();
    while (back < segments_.size() && returned_.take_all(at_hand_)) back += at_hand_.size();
  }

private:
  std::vector<Segment> segments_;
  std::vector<Segment*> at_hand_;
  SegmentQueue returned_;
};

}  // namespace weir::limits
