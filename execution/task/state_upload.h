// SPDX-License-Identifier: Apache-2.0
#pragma once

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
#include "checkpoint/state/state_table.h"
#include "execution/task/block_buffers.h"
#include "execution/task/snapshot_writers.h"

namespace weir {

/// One state file on its way to storage: a writer thread writes the blocks that walks yield, and those that
/// the task adds meanwhile.
///
/// Threads: add(), walk(), finish() and abandon() by the task; `walked` and `done` are called by a writer,
///          once, unless it was abandoned before.
/// Order:   the blocks that are added are written in that order. lock_ is a leaf.
class StateUpload final : public SnapshotSink, public std::enable_shared_from_this<StateUpload> {
public:
  using Done = std::function<void(Result<StateHandle>)>;

  /// `writers` outlives this. `storage` is asked for the stream when there is something to write.
  [[nodiscard]] static std::shared_ptr<StateUpload> begin(SnapshotWriters& writers,
                                                          std::shared_ptr<CheckpointStorage> storage,
                                                          std::shared_ptr<BlockBuffers> buffers,
                                                          std::string name, Done done);

  [[nodiscard]] std::vector<std::byte> take_buffer() override { return buffers_->take(); }
  void add(StateBlock block) override WEIR_EXCLUDES(lock_);
  /// Writes all that the walks yield, then calls `walked`. Once.
  using Walks = std::vector<std::shared_ptr<TableWalk>>;
  void walk(Walks walks, std::function<void()> walked) WEIR_EXCLUDES(lock_);
  /// No block follows.
  void finish(std::vector<StateInfo> states) WEIR_EXCLUDES(lock_);
  /// Nobody wants it any more: nothing stays of it.
  void abandon() WEIR_EXCLUDES(lock_);

private:
  StateUpload(SnapshotWriters& writers, std::shared_ptr<CheckpointStorage> storage,
              std::shared_ptr<BlockBuffers> buffers, std::string name, Done done)
      : writers_(writers),
        storage_(std::move(storage)),
        buffers_(std::move(buffers)),
        name_(std::move(name)),
        done_(std::move(done)) {}

  /// What there is to do for a writer.
  struct Work {
    std::deque<StateBlock> blocks;
    std::shared_ptr<TableWalk> walk;
    std::function<void()> walked;
    std::optional<std::vector<StateInfo>> states;
    bool is_abandoned = false;
  };

  void schedule() WEIR_REQUIRES(lock_);
  void drain() WEIR_EXCLUDES(lock_);
  [[nodiscard]] Work next_work() WEIR_EXCLUDES(lock_);
  void take_step(TableWalk& walk) WEIR_EXCLUDES(lock_);
  void write(const StateBlock& block);
  void end(const std::vector<StateInfo>& states);

  SnapshotWriters& writers_;
  const std::shared_ptr<CheckpointStorage> storage_;
  const std::shared_ptr<BlockBuffers> buffers_;
  const std::string name_;
  const Done done_;

  // The writer's, one at a time.
  std::unique_ptr<StateStream> stream_;
  std::optional<StateFileWriter> file_;
  Status status_;
  StateBlock walked_block_;  // its memory is used again

  Mutex lock_;
  std::deque<StateBlock> queue_ WEIR_GUARDED_BY(lock_);
  Walks walks_ WEIR_GUARDED_BY(lock_);  // the last comes first
  std::function<void()> walked_ WEIR_GUARDED_BY(lock_);
  std::optional<std::vector<StateInfo>> states_ WEIR_GUARDED_BY(lock_);  // all blocks were added
  bool is_draining_ WEIR_GUARDED_BY(lock_) = false;  // a writer is at it, or will be
  bool is_abandoned_ WEIR_GUARDED_BY(lock_) = false;
};

}  // namespace weir
