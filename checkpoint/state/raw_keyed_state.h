// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/snapshot/key_group.h"
#include "checkpoint/state/state_table.h"

namespace weir {

/// Bytes of an operator's own making, one string of them a key group: for what is kept by key, but in a form
/// that no other state has. The operator puts them here when it is asked for its snapshot, and finds those of
/// its key groups when it opens after a restore, at any parallelism.
///
/// Threads: the task's.
class RawKeyedState final : public StateTable {
public:
  explicit RawKeyedState(KeyGroupRange range) : range_(range), bytes_(range.count()) {}

  [[nodiscard]] KeyGroupRange range() const { return range_; }
  /// Both for groups of the range only. Empty: there are none.
  [[nodiscard]] std::span<const std::byte> get(KeyGroup group) const;
  void put(KeyGroup group, std::span<const std::byte> bytes);
  void clear();

  [[nodiscard]] std::size_t entry_count() const override;
  [[nodiscard]] StateInfo describe() const override { return {.kind = StateKind::Value, .value = "string"}; }
  /// The sink has everything at once.
  [[nodiscard]] std::shared_ptr<TableWalk> begin_snapshot(SnapshotSink& sink, std::uint32_t state) override;
  [[nodiscard]] bool is_snapshot_running() const override { return false; }
  void end_snapshot() override {}
  void abort_snapshot() override {}
  void begin_restore(const StateInfo& from, std::span<const std::uint64_t> entries_by_group) override;
  [[nodiscard]] bool restore(const StateBlockInfo& block, std::span<const std::byte> payload) override;

private:
  const KeyGroupRange range_;
  std::vector<std::string> bytes_;  // by group of the range
};

}  // namespace weir
