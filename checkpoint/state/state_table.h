// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "checkpoint/snapshot/state_block.h"
#include "checkpoint/snapshot/state_file.h"
#include "memory/schema_reader.h"

namespace weir {

/// State of one name as the backend sees it, whatever its types.
///
/// Threads: the task's.
/// Order:   a snapshot is what the table held at begin_snapshot(), however it changes until snapshot_some()
///          has said that it is done. One at a time.
class StateTable {
public:
  virtual ~StateTable() = default;
  [[nodiscard]] virtual std::size_t entry_count() const = 0;

  /// All but the name.
  [[nodiscard]] virtual StateInfo describe() const = 0;

  /// Begins to hand all entries to the sink, as blocks of this state. Takes time for a bit every 64 entries.
  virtual void begin_snapshot(SnapshotSink& sink, std::uint32_t state) = 0;  // the sink outlives the snapshot
  [[nodiscard]] virtual bool is_snapshot_running() const = 0;
  /// Goes on until about `budget_bytes` are serialised, the sink has no room, or all is done. Returns how
  /// much of the budget it used.
  virtual std::size_t snapshot_some(std::size_t budget_bytes) = 0;
  virtual void abort_snapshot() = 0;

  /// Adds the entries of the table's own key groups that a file has of its `state`-th state. Throws
  /// std::runtime_error if the file cannot be read, or is not of this table's types.
  virtual void restore(StateFile& file, std::uint32_t state) = 0;
};

/// Throws std::runtime_error if state that was written as `from` is not compatible() with `wanted`.
void require_readable(const StateInfo& from, const StateInfo& wanted);

/// What reads the values of state that was written as `from`. Throws as require_readable().
template <class V>
[[nodiscard]] SchemaReader<V> value_reader(const StateInfo& from, const StateInfo& wanted) {
  require_readable(from, wanted);
  return *SchemaReader<V>::make(from.value);
}

}  // namespace weir
