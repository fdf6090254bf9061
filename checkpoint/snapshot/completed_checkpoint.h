// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "checkpoint/snapshot/handles.h"

namespace weir {

/// All that was handed in for one operator.
struct OperatorState {
  std::string name;  // as people see it
  std::string uid;   // empty: the id was generated
  std::uint32_t parallelism = 1;
  std::uint32_t max_parallelism = 128;
  std::map<std::uint32_t, OperatorSnapshot> subtasks;  // those that have state
  bool operator==(const OperatorState&) const = default;
};

/// A checkpoint or savepoint to which every task has contributed: what a job starts from.
struct CompletedCheckpoint {
  JobId job;
  CheckpointId id = 0;
  WallTime triggered_at;
  WallTime completed_at;
  bool is_savepoint = false;  // nobody but its user deletes it
  std::map<OperatorId, OperatorState> operators;  // all of the job's, also those without state

  // Where it lies; not in its file, so that it can be moved.
  std::string root;       // directory below which the paths of all handles lie
  std::string directory;  // where its metadata lies: the root of a savepoint, else one below it

  bool operator==(const CompletedCheckpoint&) const = default;
};

template <class F>
typename F::result_type inspect(F& f, OperatorState& x) {
  return f(x.name, x.uid, x.parallelism, x.max_parallelism, x.subtasks);
}
/// As it travels within a process. Its file says less: see metadata.h.
template <class F>
typename F::result_type inspect(F& f, CompletedCheckpoint& x) {
  return f(x.job, x.id, x.triggered_at, x.completed_at, x.is_savepoint, x.operators, x.root, x.directory);
}

}  // namespace weir
