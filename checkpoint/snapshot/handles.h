// SPDX-License-Identifier: Apache-2.0
// What a checkpoint is made of, as it travels and lies in metadata. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include "base/ids.h"
#include "checkpoint/snapshot/key_group.h"
#include "checkpoint/snapshot/state_info.h"

namespace weir {

/// Names a checkpoint within its job; rises over all leaders and restarts.
using CheckpointId = std::uint64_t;

/// Bytes that a task wrote for a checkpoint: a file below the root of the checkpoint's storage, or, if they
/// are few, the bytes themselves.
struct StateHandle {
  std::string path;                // below the root, '/' between names, never upward; empty: `content` it is
  std::vector<std::byte> content;  // empty if there is a path
  std::uint64_t bytes = 0;
  std::uint32_t crc = 0;  // CRC-32C of all of them
  bool operator==(const StateHandle&) const = default;

  [[nodiscard]] bool is_none() const { return bytes == 0; }
};

/// One list state of one operator in one subtask: what must be known to deal it out without reading it.
struct ListStateInfo {
  std::string name;
  Redistribution redistribution = Redistribution::Split;
  std::uint64_t elements = 0;
  bool operator==(const ListStateInfo&) const = default;
};

/// What one operator in one subtask handed in. Nothing at all: it has no state.
struct OperatorSnapshot {
  StateHandle state;                     // a state file (state_file.h) with keyed and list state
  KeyGroupRange key_groups{1, 0};        // of its keyed state; empty: it has none
  std::vector<StateInfo> states;         // what it has of each, by key or not: all that is ever to be read
  std::vector<ListStateInfo> lists;      // in the order in which they stand in the file
  std::vector<StateHandle> shared;       // files that several checkpoints may name, by path; never inline
  bool operator==(const OperatorSnapshot&) const = default;
};

/// What one task handed in, by operator of its chain. Operators without state are left out.
struct TaskSnapshot {
  std::map<OperatorId, OperatorSnapshot> operators;
  bool operator==(const TaskSnapshot&) const = default;
};

/// A run of elements of one list state in one of the sources of an OperatorRestore.
struct ListSlice {
  std::uint32_t source = 0;  // index into OperatorRestore::sources
  std::string name;
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  bool operator==(const ListSlice&) const = default;
};

/// What one operator in one subtask starts with. Of the sources' keyed state it takes the key groups that are
/// its own, of their list states the slices.
struct OperatorRestore {
  std::vector<OperatorSnapshot> sources;
  std::vector<ListSlice> slices;
  bool operator==(const OperatorRestore&) const = default;
};

/// What one task starts with.
struct TaskRestore {
  CheckpointId checkpoint = 0;
  std::string root;  // directory below which the paths of all handles lie
  std::map<OperatorId, OperatorRestore> operators;
  bool waits = false;  // once it is open, until it is told to begin
  bool operator==(const TaskRestore&) const = default;
};

template <class F>
typename F::result_type inspect(F& f, KeyGroupRange& x) {
  return f(x.first, x.last);
}
/// Travels as text, which goes in one piece, where bytes would go one by one.
template <class F>
typename F::result_type inspect(F& f, StateHandle& x) {
  std::string content(x.content.size(), 0);
  if (!content.empty()) std::memcpy(content.data(), x.content.data(), content.size());
  const auto take_over = [&] {
    if constexpr (F::writes_state) {
      x.content.resize(content.size());
      if (!content.empty()) std::memcpy(x.content.data(), content.data(), content.size());
    }
  };
  if constexpr (std::is_void_v<typename F::result_type>) {
    f(x.path, content, x.bytes, x.crc);
    take_over();
  } else {
    auto result = f(x.path, content, x.bytes, x.crc);
    take_over();
    return result;
  }
}
template <class F>
typename F::result_type inspect(F& f, ListStateInfo& x) {
  return f(x.name, x.redistribution, x.elements);
}
template <class F>
typename F::result_type inspect(F& f, OperatorSnapshot& x) {
  return f(x.state, x.key_groups, x.states, x.lists, x.shared);
}
template <class F>
typename F::result_type inspect(F& f, TaskSnapshot& x) {
  return f(x.operators);
}
template <class F>
typename F::result_type inspect(F& f, ListSlice& x) {
  return f(x.source, x.name, x.first, x.count);
}
template <class F>
typename F::result_type inspect(F& f, OperatorRestore& x) {
  return f(x.sources, x.slices);
}
template <class F>
typename F::result_type inspect(F& f, TaskRestore& x) {
  return f(x.checkpoint, x.root, x.operators, x.waits);
}

}  // namespace weir
