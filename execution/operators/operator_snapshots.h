// SPDX-License-Identifier: Apache-2.0
// What the operator harness does that knows no types.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "checkpoint/snapshot/handles.h"
#include "checkpoint/snapshot/state_block.h"
#include "execution/operators/operator_context.h"
#include "execution/operators/processing_time.h"

namespace weir {

/// A clock with hands that somebody turns.
class HandClock final : public ProcessingTime {
public:
  [[nodiscard]] std::int64_t now() const override { return now_; }
  void wake_at(std::int64_t time) override { wake_ = std::min(wake_, time); }

  void set(std::int64_t now) {
    now_ = now;
    if (wake_ <= now) forget();
  }
  [[nodiscard]] std::int64_t next_wake() const { return wake_; }
  void forget() { wake_ = kNever; }

private:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  std::int64_t now_ = 0;
  std::int64_t wake_ = kNever;
};

/// Takes the snapshot of one operator in memory.
class SnapshotWriter {
public:
  SnapshotWriter();
  SnapshotWriter(SnapshotWriter&&) noexcept;
  ~SnapshotWriter();

  void begin(OperatorContext& context);
  /// Throws std::runtime_error if the state cannot be written.
  [[nodiscard]] OperatorSnapshot end(OperatorContext& context);

private:
  class Blocks;
  std::unique_ptr<Blocks> blocks_;
  OperatorSnapshot snapshot_;
  std::vector<StateInfo> states_;
};

/// What a subtask starts with, out of the snapshots of all that there were.
[[nodiscard]] OperatorContext::Restored restored_state(const std::vector<OperatorSnapshot>& from,
                                                       std::uint32_t subtask, std::uint32_t parallelism);

}  // namespace weir
