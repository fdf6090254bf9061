// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "checkpoint/state/operator_state.h"
#include "checkpoint/state/state.h"
#include "execution/operators/accumulators.h"
#include "execution/operators/operator_context.h"

namespace weir {

/// What a function may know and use of where it runs. It is handed to the function's open() and is good for
/// the length of that call; the states that were asked for are good until close().
///
/// Threads: the task's.
class RuntimeContext {
public:
  explicit RuntimeContext(OperatorContext& context) : context_(context) {}

  [[nodiscard]] const std::string& job_name() const { return context_.job_name(); }
  [[nodiscard]] const std::string& operator_name() const { return context_.operator_name(); }
  /// "Keyed Sum (2/4)": operator, subtask, parallelism.
  [[nodiscard]] std::string display_name() const {
    return operator_name() + " (" + std::to_string(subtask_index() + 1) + "/" +
           std::to_string(parallelism()) + ")";
  }
  /// From 0 on.
  [[nodiscard]] std::uint32_t subtask_index() const { return context_.subtask_index(); }
  [[nodiscard]] std::uint32_t parallelism() const { return context_.parallelism(); }
  [[nodiscard]] std::uint32_t max_parallelism() const { return context_.max_parallelism(); }
  /// How often this subtask was begun before, in this job.
  [[nodiscard]] std::uint32_t attempt_number() const { return context_.attempt_number(); }

  /// Whether the job goes on from a checkpoint or savepoint. States that are asked for hold what it has.
  [[nodiscard]] bool is_restored() const { return context_.is_restored(); }
  /// Whether checkpoints come by themselves.
  [[nodiscard]] bool is_checkpointed() const { return context_.is_checkpointed(); }

  /// A state of the function, by its descriptor. By key, for functions behind key_by(): value_state<T>(name),
  /// list_state<T>, map_state<K, V>, reducing_state<T>, aggregating_state<A>, folding_state<A>; a handle.
  /// Of the subtask: split_list<T>(name), union_list<T>, broadcast_map<K, V>; a reference. Bytes of its own
  /// making, by key group: raw_keyed_state(name); a reference.
  ///
  /// Throws std::logic_error if the name is in use for another state or if there are no keys, and
  /// std::runtime_error if what a checkpoint has of it cannot be read as this type.
  template <class Descriptor>
  [[nodiscard]] typename Descriptor::State state(const Descriptor& descriptor) {
    return context_.state(descriptor);
  }

  /// A counter of the job, summed over all subtasks.
  [[nodiscard]] LongCounter counter(std::string name) const { return LongCounter(std::move(name)); }

private:
  OperatorContext& context_;  // outlives this
};

}  // namespace weir
