// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/port_slot.h"
#include "base/sync.h"
#include "execution/operators/feedback.h"
#include "network/spill_file.h"

namespace weir {

/// The feedback of one subtask of an iteration. What does not fit into its memory waits in a file, which goes
/// when all of it has been read. It has no other bound: whoever writes must never wait here.
///
/// Unit:    memory counts the records' bytes.
/// Threads: two, see Feedback. lock_ is a leaf; it is held while a block is written or read.
class FeedbackChannel final : public Feedback {
public:
  struct Options {
    std::size_t memory_bytes = std::size_t{16} << 20;
    std::string directory;  // of the file; empty: the system's for temporary files
  };
  struct Totals {
    std::uint64_t bytes = 0;  // that were put in
    std::uint64_t spilled_bytes = 0;
  };

  explicit FeedbackChannel(Options options) : options_(std::move(options)) {}

  [[nodiscard]] Reader put(Item item) override WEIR_EXCLUDES(lock_);
  void read_by(TaskMail& mail) override { mail_.set(mail); }
  [[nodiscard]] std::optional<Item> take() override WEIR_EXCLUDES(lock_);
  void leave(Reader how) override WEIR_EXCLUDES(lock_);

  [[nodiscard]] Totals totals() const WEIR_EXCLUDES(lock_);

private:
  struct Kept {
    Item item;
    std::optional<SpillFile::Extent> on_disk;  // its records
  };

  void spill(Kept& kept) WEIR_REQUIRES(lock_);
  void fetch(Kept& kept) WEIR_REQUIRES(lock_);

  const Options options_;
  PortSlot<TaskMail> mail_;
  mutable Mutex lock_;
  Reader reader_ WEIR_GUARDED_BY(lock_) = Reader::Reads;
  std::deque<Kept> items_ WEIR_GUARDED_BY(lock_);
  std::size_t bytes_in_memory_ WEIR_GUARDED_BY(lock_) = 0;
  std::size_t items_on_disk_ WEIR_GUARDED_BY(lock_) = 0;
  std::unique_ptr<SpillFile> file_ WEIR_GUARDED_BY(lock_);  // null: nothing is on disk
  Totals totals_ WEIR_GUARDED_BY(lock_);
};

/// The feedback channels of a worker. Both ends of an iteration come here, in any order, and get the same.
///
/// Threads: any. lock_ is a leaf.
class FeedbackChannels {
public:
  explicit FeedbackChannels(FeedbackChannel::Options options) : options_(std::move(options)) {}

  /// `attempt` is that of the beginning. The channel lives as long as one of the ends has it.
  [[nodiscard]] std::shared_ptr<FeedbackChannel> join(ExecutionAttemptId attempt) WEIR_EXCLUDES(lock_);

private:
  const FeedbackChannel::Options options_;
  Mutex lock_;
  std::map<ExecutionAttemptId, std::weak_ptr<FeedbackChannel>> channels_ WEIR_GUARDED_BY(lock_);
};

}  // namespace weir
