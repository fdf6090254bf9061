// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/file_system.h"
#include "checkpoint/coordinator/state_assignment.h"
#include "checkpoint/snapshot/completed_checkpoint.h"
#include "checkpoint/snapshot/file_storage.h"
#include "execution/operators/operator_context.h"
#include "test/support/state_bytes.h"

namespace weir::testing {

/// The operator state of all subtasks of one operator at one moment, dealt out again by the rules that the
/// JobManager goes by.
class OperatorCheckpoint {
public:
  explicit OperatorCheckpoint(CheckpointId id = 1) { complete_.id = id; }

  /// One subtask more, with what is in its state now.
  void add(OperatorContext& subtask) {
    OperatorState& all = complete_.operators[kId];
    all.parallelism = subtask.parallelism();
    all.max_parallelism = subtask.max_parallelism();
    OperatorStateBackend& state = subtask.operator_state();
    if (state.states().empty()) return;
    BlockList blocks;
    state.snapshot(blocks);
    OperatorSnapshot& snapshot = all.subtasks[subtask.subtask_index()];
    snapshot.lists = state.lists();
    snapshot.state.content = state_file_of(state.states(), blocks.blocks);
    snapshot.state.bytes = snapshot.state.content.size();
  }

  /// What a subtask begins with when the job goes on from here.
  [[nodiscard]] OperatorContext::Restored for_subtask(std::uint32_t index, std::uint32_t parallelism) const {
    CheckpointedVertex vertex{.name = "vertex", .operators = {{kId, "operator", ""}}, .tasks = {}};
    vertex.tasks.resize(parallelism);
    const auto assigned = assign_state(complete_, {vertex}, false);
    REQUIRE_MESSAGE(assigned, assigned.error().what);
    OperatorContext::Restored restored{.checkpoint = complete_.id, .files = {}, .slices = {}};
    const TaskRestore& task = assigned->tasks[0][index];
    const auto found = task.operators.find(kId);
    if (found == task.operators.end()) return restored;
    restored.slices = found->second.slices;
    for (const OperatorSnapshot& source : found->second.sources) {
      auto file = open_bytes(source.state.content);
      REQUIRE_MESSAGE(file, file.error().what);
      restored.files.push_back(*std::move(file));
    }
    return restored;
  }

private:
  static constexpr OperatorId kId{1, 1};

  CompletedCheckpoint complete_;
};

}  // namespace weir::testing
