// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "base/result.h"
#include "checkpoint/coordinator/checkpoint_plan.h"
#include "checkpoint/snapshot/completed_checkpoint.h"
#include "checkpoint/snapshot/handles.h"

namespace weir {

/// What every task of a job starts with.
struct StateAssignment {
  /// Some state is of a name that the program does not declare: whether it can be read is known when all
  /// tasks are open. Until then none of them begins.
  bool tasks_wait = false;
  /// By vertex and subtask, as the plan has them.
  std::vector<std::vector<TaskRestore>> tasks;
  /// By vertex: the number of key groups; the checkpoint's if it holds keyed state.
  std::vector<std::uint32_t> max_parallelism;
};

/// Hands out the state of a checkpoint to the tasks of a job, which may be another version of the program
/// that wrote it, at other parallelisms. An operator is known by its id.
///
///     keyed state  each subtask gets the parts that hold key groups of its own
///     list, split  all elements in order, as evenly as can be; who gets one more rotates from list to list
///     list, union  each subtask gets all
///     broadcast    each subtask gets one copy, by its index
///
/// An operator whose parallelism is what it was gets its own parts again, untouched.
///
/// Errors: name the operator and the numbers. State of an operator that the job does not have, unless
///         `allow_non_restored`; more subtasks than key groups; another number of key groups than the user
///         set; a state that the operator is known to have, but as something that the checkpoint's cannot be
///         read as: then also the state, the field, and its two types.
[[nodiscard]] Result<StateAssignment> assign_state(const CompletedCheckpoint& checkpoint,
                                                   const std::vector<CheckpointedVertex>& vertices,
                                                   bool allow_non_restored);

}  // namespace weir
