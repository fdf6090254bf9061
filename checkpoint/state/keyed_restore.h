// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/snapshot/key_group.h"
#include "checkpoint/snapshot/state_file.h"
#include "checkpoint/state/byte_store.h"
#include "checkpoint/state/state_table.h"

namespace weir {

/// What keyed state of an operator starts with: for each source a state file, and for one whose store was
/// saved apart that store, open. One of them may be the very store that the operator goes on with.
///
/// Threads: the task's.
class KeyedRestore {
public:
  KeyedRestore() = default;
  /// Both outlive the last into(). `stores`: by source, null where there is none; empty: there are none at
  /// all. `adopted`: the source whose store is the operator's own from now on.
  explicit KeyedRestore(std::span<StateFile> files, std::span<const std::unique_ptr<ByteStore>> stores = {},
                        std::optional<std::size_t> adopted = std::nullopt)
      : files_(files), stores_(stores), adopted_(adopted) {}

  /// Fills a table with what the sources have of its name and of these key groups. `own_rows`: those of its
  /// name in the operator's own store, if it was adopted with some. Throws std::runtime_error if something
  /// cannot be read, or is not of the table's types.
  void into(const std::string& name, StateTable& table, ByteStore::Column* own_rows, KeyGroupRange range);

  /// Whether the operator's own store may have rows of that state.
  [[nodiscard]] bool is_adopting(const std::string& name) const;
  /// All keyed states that there are.
  [[nodiscard]] std::set<std::string> names() const;

private:
  void from_file(StateFile& file, std::uint32_t state, StateTable& table, KeyGroupRange range);
  void from_rows(const ByteStore::Column& rows, const std::string& name, const StateInfo& from,
                 StateTable& table, KeyGroupRange range);

  std::span<StateFile> files_;
  std::span<const std::unique_ptr<ByteStore>> stores_;
  std::optional<std::size_t> adopted_;
};

}  // namespace weir
