// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint/snapshot/handles.h"
#include "checkpoint/snapshot/key_group.h"

namespace weir {

/// What kind of state a name stands for. Written into files: new kinds at the end.
enum class StateKind : std::uint8_t {
  // By key.
  Value,
  List,
  Map,
  Reducing,
  Aggregating,
  Folding,
  // Of an operator in one subtask.
  OperatorList,
  OperatorMap,
  // By key again.
  Timers,  // a value is when one is due: i64, ms
};
inline constexpr StateKind kLastStateKind = StateKind::Timers;

[[nodiscard]] constexpr bool is_keyed(StateKind kind) {
  return kind != StateKind::OperatorList && kind != StateKind::OperatorMap;
}

/// One state of an operator, told so that it can be checked and printed without the program.
///
/// Bytes of an entry: of keyed state the key, the namespace, then the value; of a list an element; of an
/// operator's map a key and a value. Each as its schema says.
struct StateInfo {
  std::string name;
  StateKind kind = StateKind::Value;
  Redistribution redistribution = Redistribution::Split;  // of operator state
  bool expires = false;    // before each value stands when it was last used: i64, ms
  std::string key;         // schema; empty: no key
  std::string name_space;  // schema; empty: none, and no bytes
  std::string value;       // schema of the value; of an operator's list, of its elements
  bool operator==(const StateInfo&) const = default;
};

/// Some entries of one state, serialised. Those of a key group may be spread over any number of blocks, in
/// any order; those of a list state come in the order of the list.
struct StateBlock {
  std::uint32_t state = 0;  // index into the states of the snapshot
  KeyGroup group = 0;       // 0 for operator state
  std::uint32_t entry_count = 0;
  std::vector<std::byte> payload;
};

/// Takes what a snapshot yields. A port: the task has a writer thread behind it.
///
/// Threads: the task's.
class SnapshotSink {
public:
  virtual ~SnapshotSink() = default;
  virtual void add(StateBlock block) = 0;
  /// The payload of a block that was written, to be used again, as long as it is and with any content.
  [[nodiscard]] virtual std::vector<std::byte> take_buffer() { return {}; }
};

}  // namespace weir
