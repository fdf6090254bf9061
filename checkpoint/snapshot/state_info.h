// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace weir {

/// How the elements of a list state are dealt out when a job is restored.
enum class Redistribution : std::uint8_t {
  Split,      // each element to one subtask, evenly
  Union,      // all elements to every subtask
  Broadcast,  // every subtask held the same; each gets one copy
};

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

template <class F>
typename F::result_type inspect(F& f, StateInfo& x) {
  return f(x.name, x.kind, x.redistribution, x.expires, x.key, x.name_space, x.value);
}

}  // namespace weir
