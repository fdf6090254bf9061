// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "checkpoint/state/heap_table.h"
#include "checkpoint/snapshot/key_group.h"

namespace weir {

/// The keyed state of one operator in one subtask: tables by name, over the key groups that the subtask owns.
///
/// Threads: the task's. Order: tables are made when the operator opens; references to them last as long as
///          this.
class KeyedBackend {
public:
  KeyedBackend(KeyGroupRange range, std::uint32_t max_parallelism)
      : range_(range), max_parallelism_(max_parallelism) {}

  [[nodiscard]] KeyGroupRange range() const { return range_; }

  /// The table of that name, made at the first call. The types must be the same at every call.
  template <class Entry, class Traits>
  [[nodiscard]] HeapTable<Entry, Traits>& table(const std::string& name, Traits traits) {
    using Table = HeapTable<Entry, Traits>;
    auto& slot = tables_[name];
    if (!slot) slot = std::make_unique<Table>(range_, max_parallelism_, std::move(traits));
    return static_cast<Table&>(*slot);
  }

private:
  const KeyGroupRange range_;
  const std::uint32_t max_parallelism_;
  std::map<std::string, std::unique_ptr<StateTable>> tables_;
};

}  // namespace weir
