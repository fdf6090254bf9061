// SPDX-License-Identifier: Apache-2.0
// What does not survive a JobManager: for jobs without a directory, whose checkpoints live as long as it
// does.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "base/result.h"
#include "checkpoint/coordinator/ports.h"
#include "ha/ports.h"

namespace weir {

class MemoryCheckpointStore final : public CompletedCheckpointStore {
public:
  [[nodiscard]] Status add(const CompletedCheckpoint& checkpoint) override { return adopt(checkpoint); }
  [[nodiscard]] Status adopt(const CompletedCheckpoint& checkpoint) override {
    const auto later = std::find_if(kept_.begin(), kept_.end(), [&](const CompletedCheckpoint& known) {
      return known.id > checkpoint.id;
    });
    kept_.insert(later, checkpoint);
    return Status::ok();
  }
  [[nodiscard]] Status remove(const CompletedCheckpoint& checkpoint) override {
    std::erase_if(kept_, [&](const CompletedCheckpoint& known) { return known.id == checkpoint.id; });
    return Status::ok();
  }
  [[nodiscard]] Result<std::vector<CompletedCheckpoint>> recover() override { return kept_; }

private:
  std::vector<CompletedCheckpoint> kept_;  // by id
};

class MemoryCheckpointIdCounter final : public CheckpointIdCounter {
public:
  [[nodiscard]] Result<CheckpointId> next() override { return ++last_; }
  [[nodiscard]] Result<CheckpointId> upcoming() override { return last_ + 1; }
  [[nodiscard]] Status skip_to(CheckpointId above) override {
    last_ = std::max(last_, above);
    return Status::ok();
  }
  [[nodiscard]] Status forget() override {
    last_ = 0;
    return Status::ok();
  }

private:
  CheckpointId last_ = 0;
};

}  // namespace weir
