// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/snapshot/key_group.h"
#include "checkpoint/state/key_hash.h"
#include "checkpoint/state/state_table.h"

namespace weir {

/// Bytes of an operator's own making, one string of them a key group: for what is kept by key, but in a form
/// that no other state has. The operator puts them here when it is asked for its snapshot, and finds those of
/// its key groups when it opens after a restore, at any parallelism.
///
/// Threads: the task's.
class RawKeyedState final : public StateTable {
public:
  RawKeyedState(KeyGroupRange range, std::uint32_t max_parallelism)
      : range_(range), max_parallelism_(max_parallelism), bytes_(range.count()) {}

  [[nodiscard]] KeyGroupRange range() const { return range_; }
  /// Where a key belongs. Of the range, if the key's records come to the subtask.
  template <Key K>
  [[nodiscard]] KeyGroup group_of(const K& key) const {
    return key_group_of(KeyHash<K>::hash(key), max_parallelism_);
  }
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
  const std::uint32_t max_parallelism_;
  std::vector<std::string> bytes_;  // by group of the range
};

/// How a function names it, in state() and states().
struct RawKeyedStateDescriptor {
  using State = RawKeyedState&;
  static constexpr StateKind kKind = StateKind::Value;

  std::string name;

  [[nodiscard]] StateInfo info() const { return {.name = name, .kind = kKind, .value = "string"}; }
};
[[nodiscard]] inline RawKeyedStateDescriptor raw_keyed_state(std::string name) { return {std::move(name)}; }

}  // namespace weir
