// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "checkpoint/snapshot/key_group.h"
#include "checkpoint/snapshot/state_info.h"

namespace weir {

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
