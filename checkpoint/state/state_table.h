// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>

#include "checkpoint/snapshot/state_block.h"
#include "checkpoint/snapshot/state_file.h"
#include "memory/schema_reader.h"

namespace weir {

/// The snapshot of one table, block by block, while the table changes.
///
/// Threads: any one, beside the table's.
class TableWalk {
public:
  virtual ~TableWalk() = default;
  /// The next block, in the memory that `block` brings along. False: that was all, or it was given up.
  /// Throws what serializers and stores throw.
  [[nodiscard]] virtual bool next(StateBlock& block) = 0;
};

/// State of one name as the backend sees it, whatever its types.
///
/// Threads: the task's.
/// Order:   a snapshot is what the table held at begin_snapshot(), however it changes. One at a time.
class StateTable {
public:
  virtual ~StateTable() = default;
  [[nodiscard]] virtual std::size_t entry_count() const = 0;

  /// All but the name.
  [[nodiscard]] virtual StateInfo describe() const = 0;
  /// Whether the entries are rows of the operator's store, which can be saved as files.
  [[nodiscard]] virtual bool is_stored() const { return false; }

  /// Begins to hand out all entries as blocks of this state: by the walk, for another thread, and what
  /// changes before the walk comes there to the sink, from this one. The sink outlives the snapshot, this the
  /// walk's last call. Null: the sink has everything.
  [[nodiscard]] virtual std::shared_ptr<TableWalk> begin_snapshot(SnapshotSink& sink,
                                                                  std::uint32_t state) = 0;
  [[nodiscard]] virtual bool is_snapshot_running() const = 0;
  /// The walk is at its end: the sink gets what is left.
  virtual void end_snapshot() = 0;
  /// Nobody wants it any more: the walk has no next block.
  virtual void abort_snapshot() = 0;

  /// Entries that were written as `from` follow, of which at most so many are in each of the table's key
  /// groups. Throws std::runtime_error if they are not of this table's types.
  virtual void begin_restore(const StateInfo& from, std::span<const std::uint64_t> entries_by_group) = 0;
  /// Adds the entries of a block, which is of one of the table's own key groups. False: they are none.
  [[nodiscard]] virtual bool restore(const StateBlockInfo& block, std::span<const std::byte> payload) = 0;
};

/// What a checkpoint has of a state cannot be read as what the program asks for, however often it is tried.
class StateNotReadable : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Throws StateNotReadable if state that was written as `from` is not compatible() with `wanted`.
void require_readable(const StateInfo& from, const StateInfo& wanted);

/// Throws std::logic_error: the name is asked for as `second`, and is `first`.
[[noreturn]] void refuse_second_use(const std::string& name, const StateInfo& first, const StateInfo& second);

/// What reads the values of state that was written as `from`. Throws as require_readable().
template <class V>
[[nodiscard]] SchemaReader<V> value_reader(const StateInfo& from, const StateInfo& wanted) {
  require_readable(from, wanted);
  return *SchemaReader<V>::make(from.value);
}

}  // namespace weir
