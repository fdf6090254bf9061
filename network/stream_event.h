// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/time.h"

namespace weir {

/// What travels between buffers, in order with them, and needs neither segment nor credit.
struct StreamEvent {
  enum class Kind : std::uint8_t {
    EndOfPartition,          // the producer wrote its last record
    CheckpointBarrier,       // what came before belongs to checkpoint_id, what comes after does not
    CancelCheckpointMarker,  // do not wait for checkpoint_id
    RoundMarker,             // the producer has nothing left that came before `round` of `iteration`
  };

  Kind kind = Kind::EndOfPartition;
  std::uint64_t checkpoint_id = 0;
  WallTime triggered_at{};
  bool is_savepoint = false;
  /// Of a barrier: the directory below which tasks put their state, at most kMaxRootBytes.
  std::string storage_root;

  // Of a RoundMarker.
  std::uint64_t iteration = 0;
  std::uint64_t round = 0;
  bool is_quiet = false;

  static constexpr std::size_t kMaxRootBytes = 512;

  bool operator==(const StreamEvent&) const = default;
};

}  // namespace weir
