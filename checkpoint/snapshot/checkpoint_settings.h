// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "base/time.h"

namespace weir {

/// What becomes of records that arrive between the barriers of two inputs.
enum class CheckpointMode : std::uint8_t {
  ExactlyOnce,  // an input whose barrier came waits for the others'
  AtLeastOnce,  // nobody waits; after a restart some records may count twice
};

/// Where keyed state lives, and in what form it is handed in.
enum class BackendKind : std::uint8_t {
  Cluster,     // of a job: as the cluster says
  Memory,      // on the heap; travels in the acknowledgement
  FileSystem,  // on the heap; files below the checkpoint directory
  RocksDb,     // on local disk; files below the checkpoint directory
};

struct StateBackend {
  BackendKind kind = BackendKind::Cluster;
  bool incremental = false;  // RocksDb: a checkpoint holds what has changed; savepoints are always whole
  bool operator==(const StateBackend&) const = default;
};

/// When a job takes checkpoints, and what becomes of them. Data only: it travels with the job.
struct CheckpointSettings {
  static constexpr std::uint32_t kAnyNumber = std::numeric_limits<std::uint32_t>::max();

  CheckpointMode mode = CheckpointMode::ExactlyOnce;
  Duration interval{};                           // zero: no checkpoints but the savepoints one asks for
  Duration timeout = 10min;                      // one that takes longer is given up
  Duration min_pause{};                          // from the end of one to the start of the next
  std::uint32_t max_concurrent = 1;              // under way at a time
  std::uint32_t tolerable_failures = kAnyNumber;  // in a row; one more fails the job
  bool retain_on_cancel = false;  // keep the latest when the job is cancelled or fails for good
  std::string directory;          // empty: as the cluster says
  StateBackend backend;
  bool operator==(const CheckpointSettings&) const = default;

  [[nodiscard]] bool is_periodic() const { return interval > Duration::zero(); }
};

/// Where a job starts from: a savepoint, or a checkpoint that was kept.
struct RestoreSettings {
  std::string path;  // its directory; empty: from nothing
  bool allow_non_restored_state = false;  // state of operators that the program no longer has is left out
  bool operator==(const RestoreSettings&) const = default;
};

template <class F>
typename F::result_type inspect(F& f, StateBackend& x) {
  return f(x.kind, x.incremental);
}
template <class F>
typename F::result_type inspect(F& f, CheckpointSettings& x) {
  return f(x.mode, x.interval, x.timeout, x.min_pause, x.max_concurrent, x.tolerable_failures,
           x.retain_on_cancel, x.directory, x.backend);
}
template <class F>
typename F::result_type inspect(F& f, RestoreSettings& x) {
  return f(x.path, x.allow_non_restored_state);
}

}  // namespace weir
