// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/time.h"

namespace weir {

/// What travels between buffers, in order with them, and needs neither segment nor credit.
struct StreamEvent {
  enum class Kind : std::uint8_t {
    EndOfPartition,          // the producer wrote its last record
    CheckpointBarrier,       // what came before belongs to checkpoint_id, what comes after does not
    CancelCheckpointMarker,  // do not wait for checkpoint_id
  };

  Kind kind = Kind::EndOfPartition;
  std::uint64_t checkpoint_id = 0;
  WallTime triggered_at{};
  bool is_savepoint = false;

  bool operator==(const StreamEvent&) const = default;
};

}  // namespace weir
