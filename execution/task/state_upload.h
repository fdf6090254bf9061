// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "checkpoint/snapshot/state_block.h"
#include "checkpoint/snapshot/state_file.h"
#include "checkpoint/snapshot/storage.h"
#include "execution/task/snapshot_writers.h"

namespace weir {

/// One state file on its way to storage: the task adds blocks, a writer thread writes them.
///
/// Threads: add(), has_room(), finish() and abandon() by the task; `done` is called by a writer, once, unless
///          it was abandoned before.
/// Order:   blocks are written in the order of their adding. lock_ is a leaf.
class StateUpload final : public SnapshotSink, public std::enable_shared_from_this<StateUpload> {
public:
  using Done = std::function<void(Result<StateHandle>)>;

  /// More than this is not queued by those who may wait.
  static constexpr std::size_t kMostQueuedBytes = std::size_t{4} << 20;

  /// `writers` outlives this. `storage` is asked for the stream when there is something to write.
  [[nodiscard]] static std::shared_ptr<StateUpload> begin(SnapshotWriters& writers,
                                                          std::shared_ptr<CheckpointStorage> storage,
                                                          std::string name, Done done);

  void add(StateBlock block) override WEIR_EXCLUDES(lock_);
  [[nodiscard]] bool has_room() const override { return queued_bytes_ < kMostQueuedBytes; }
  /// No block follows.
  void finish(std::vector<StateInfo> states) WEIR_EXCLUDES(lock_);
  /// Nobody wants it any more: nothing stays of it.
  void abandon() WEIR_EXCLUDES(lock_);

private:
  StateUpload(SnapshotWriters& writers, std::shared_ptr<CheckpointStorage> storage, std::string name,
              Done done)
      : writers_(writers), storage_(std::move(storage)), name_(std::move(name)), done_(std::move(done)) {}

  void schedule() WEIR_REQUIRES(lock_);
  void drain() WEIR_EXCLUDES(lock_);
  void write(const StateBlock& block);
  void end(const std::vector<StateInfo>& states);

  SnapshotWriters& writers_;
  const std::shared_ptr<CheckpointStorage> storage_;
  const std::string name_;
  const Done done_;

  // The writer's, one at a time.
  std::unique_ptr<StateStream> stream_;
  std::optional<StateFileWriter> file_;
  Status status_;

  std::atomic<std::size_t> queued_bytes_ = 0;
  Mutex lock_;
  std::deque<StateBlock> queue_ WEIR_GUARDED_BY(lock_);
  std::optional<std::vector<StateInfo>> states_ WEIR_GUARDED_BY(lock_);  // all blocks were added
  bool is_draining_ WEIR_GUARDED_BY(lock_) = false;  // a writer is at it, or will be
  bool is_abandoned_ WEIR_GUARDED_BY(lock_) = false;
};

}  // namespace weir
