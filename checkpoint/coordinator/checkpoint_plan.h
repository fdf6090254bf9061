// SPDX-License-Identifier: Apache-2.0
// A job in execution as its checkpoints see it. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "checkpoint/snapshot/state_info.h"

namespace weir {

/// How a job ended, as far as its checkpoints care.
enum class JobEnd : std::uint8_t { Finished, Cancelled, Failed, Suspended };

/// Some neighbouring subtasks of one vertex.
struct ProducerSubtasks {
  std::size_t vertex = 0;  // index into CheckpointPlan::vertices
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  bool operator==(const ProducerSubtasks&) const = default;
};

struct CheckpointedTask {
  ExecutionAttemptId attempt;
  std::vector<ProducerSubtasks> producers;  // whose output it reads
  bool operator==(const CheckpointedTask&) const = default;
};

struct CheckpointedOperator {
  OperatorId id;
  std::string name;
  std::string uid;  // empty: the id was generated
  std::vector<StateInfo> states;  // that it is known to have
  bool operator==(const CheckpointedOperator&) const = default;
};

struct CheckpointedVertex {
  std::string name;
  std::uint32_t max_parallelism = 128;
  bool max_parallelism_is_set = false;  // by the user: a restored state may not overrule it
  std::vector<CheckpointedOperator> operators;
  std::vector<CheckpointedTask> tasks;  // by subtask; as many as its parallelism
  bool operator==(const CheckpointedVertex&) const = default;

  [[nodiscard]] std::uint32_t parallelism() const { return static_cast<std::uint32_t>(tasks.size()); }
};

/// One round of attempts: all tasks that were deployed together.
struct CheckpointPlan {
  std::vector<CheckpointedVertex> vertices;  // producers before consumers
  bool tasks_wait = false;  // once they are open, until they are told to begin
  bool is_adopted = false;  // all of its tasks run already, and were another leader's before
  bool operator==(const CheckpointPlan&) const = default;
};

template <class F>
typename F::result_type inspect(F& f, ProducerSubtasks& x) {
  return f(x.vertex, x.first, x.count);
}
template <class F>
typename F::result_type inspect(F& f, CheckpointedTask& x) {
  return f(x.attempt, x.producers);
}
template <class F>
typename F::result_type inspect(F& f, CheckpointedOperator& x) {
  return f(x.id, x.name, x.uid, x.states);
}
template <class F>
typename F::result_type inspect(F& f, CheckpointedVertex& x) {
  return f(x.name, x.max_parallelism, x.max_parallelism_is_set, x.operators, x.tasks);
}
template <class F>
typename F::result_type inspect(F& f, CheckpointPlan& x) {
  return f(x.vertices, x.tasks_wait, x.is_adopted);
}

}  // namespace weir
