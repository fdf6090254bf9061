// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "checkpoint/snapshot/savepoint_reader.h"

namespace weir {

/// What is another in a later savepoint. Texts of entries are JSON.
struct StateChange {
  enum class Kind : std::uint8_t {
    OperatorAdded,
    OperatorRemoved,
    StateAdded,
    StateRemoved,
    SchemaChanged,  // old and new: told(StateInfo)
    Added,          // an entry
    Removed,
    Changed,
  };

  Kind kind = Kind::Changed;
  std::string key;         // of an entry; empty: it has none
  std::string name_space;  // of its key; empty: none
  std::string old_value;
  std::string new_value;
};

/// Is told of changes, operator by operator and state by state. A port: who asked for them prints them.
class ChangeListener {
public:
  virtual ~ChangeListener() = default;
  /// `state` is null if the change is the operator's.
  virtual void on_change(const SavedOperator& of, const StateInfo* state, const StateChange& change) = 0;
};

/// Tells what has changed from one savepoint to another. Operators are known by their ids, entries by their
/// keys; elements of lists have none, and are only added or removed.
///
/// Unit:    holds as many key groups of a state at a time as have `memory_bytes` together, one at least; if
///          their number is another in the two, all of the state.
/// Errors:  as the readers'.
[[nodiscard]] Status diff(const SavepointReader& from, const SavepointReader& to, ChangeListener& listener,
                          std::size_t memory_bytes = std::size_t{64} << 20);

}  // namespace weir
