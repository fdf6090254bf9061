// SPDX-License-Identifier: Apache-2.0
#include "graph/execution_state.h"

#include <cstddef>
#include <initializer_list>

namespace weir {
namespace {

/// A set of enumerators as bits.
template <class State>
constexpr std::uint32_t set_of(std::initializer_list<State> states) {
  std::uint32_t bits = 0;
  for (const State state : states) bits |= 1u << static_cast<unsigned>(state);
  return bits;
}

template <class State, std::size_t N>
constexpr bool contains(const std::uint32_t (&moves)[N], State from, State to) {
  const auto row = static_cast<std::size_t>(from);
  const auto column = static_cast<std::size_t>(to);
  return row < N && column < N && (moves[row] >> column & 1u) != 0;
}

}  // namespace

std::string_view name_of(ExecutionState state) {
  constexpr std::string_view kNames[] = {"CREATED",  "SCHEDULED", "DEPLOYING", "RUNNING",
                                         "FINISHED", "CANCELING", "CANCELED",  "FAILED"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string_view name_of(JobStatus status) {
  constexpr std::string_view kNames[] = {"CREATED",  "RUNNING",  "FAILING",    "FAILED",   "CANCELLING",
                                         "CANCELED", "FINISHED", "RESTARTING", "SUSPENDED"};
  return kNames[static_cast<std::size_t>(status)];
}

bool is_terminal(ExecutionState state) {
  return state == ExecutionState::Finished || state == ExecutionState::Canceled ||
         state == ExecutionState::Failed;
}

bool is_globally_terminal(JobStatus status) {
  return status == JobStatus::Failed || status == JobStatus::Canceled || status == JobStatus::Finished;
}

bool is_terminal(JobStatus status) { return is_globally_terminal(status) || status == JobStatus::Suspended; }

bool may_move(ExecutionState from, ExecutionState to) {
  using enum ExecutionState;
  static constexpr std::uint32_t kMoves[] = {
      /* Created   */ set_of({Scheduled, Deploying, Canceled, Failed}),
      /* Scheduled */ set_of({Deploying, Canceled, Failed}),
      /* Deploying */ set_of({Running, Finished, Canceling, Failed}),
      /* Running   */ set_of({Finished, Canceling, Failed}),
      /* Finished  */ 0,
      /* Canceling */ set_of({Canceled}),  // however it ends
      /* Canceled  */ 0,
      /* Failed    */ 0,
  };
  return contains(kMoves, from, to);
}

bool may_move(JobStatus from, JobStatus to) {
  using enum JobStatus;
  static constexpr std::uint32_t kMoves[] = {
      /* Created    */ set_of({Running, Failing, Cancelling, Suspended}),
      /* Running    */ set_of({Finished, Failing, Cancelling, Suspended}),
      /* Failing    */ set_of({Failed, Restarting, Cancelling, Suspended}),
      /* Failed     */ 0,
      /* Cancelling */ set_of({Canceled, Failing, Suspended}),
      /* Canceled   */ 0,
      /* Finished   */ 0,
      /* Restarting */ set_of({Created, Restarting, Failed, Canceled, Suspended}),
      /* Suspended  */ 0,
  };
  return contains(kMoves, from, to);
}

}  // namespace weir
