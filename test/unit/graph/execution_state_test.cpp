// SPDX-License-Identifier: Apache-2.0
#include "graph/execution_state.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <utility>

namespace weir {
namespace {

template <class State>
void check_moves(unsigned count, const std::set<std::pair<State, State>>& legal) {
  for (unsigned from = 0; from < count; ++from) {
    for (unsigned to = 0; to < count; ++to) {
      const auto move = std::pair(static_cast<State>(from), static_cast<State>(to));
      CAPTURE(std::string(name_of(move.first)));
      CAPTURE(std::string(name_of(move.second)));
      CHECK(may_move(move.first, move.second) == legal.contains(move));
    }
  }
}

}  // namespace

TEST_CASE("an attempt makes these moves and no other") {
  using enum ExecutionState;
  check_moves<ExecutionState>(8, {
                                     {Created, Scheduled},
                                     {Created, Deploying},
                                     {Created, Canceled},
                                     {Created, Failed},
                                     {Scheduled, Deploying},
                                     {Scheduled, Canceled},
                                     {Scheduled, Failed},
                                     {Deploying, Running},
                                     {Deploying, Finished},
                                     {Deploying, Canceling},
                                     {Deploying, Failed},
                                     {Running, Finished},
                                     {Running, Canceling},
                                     {Running, Failed},
                                     {Canceling, Canceled},
                                 });
}

TEST_CASE("a job makes these moves and no other") {
  using enum JobStatus;
  check_moves<JobStatus>(
      9,
      {
          {Created, Running},       {Created, Failing},    {Created, Cancelling},   {Created, Suspended},
          {Running, Finished},      {Running, Failing},    {Running, Cancelling},   {Running, Suspended},
          {Failing, Failed},        {Failing, Restarting}, {Failing, Cancelling},   {Failing, Suspended},
          {Cancelling, Canceled},   {Cancelling, Failing}, {Cancelling, Suspended}, {Restarting, Created},
          {Restarting, Restarting}, {Restarting, Failed},  {Restarting, Canceled},  {Restarting, Suspended},
      });
}

TEST_CASE("a terminal state is never left, any other one can be") {
  for (unsigned from = 0; from < 8; ++from) {
    const auto state = static_cast<ExecutionState>(from);
    bool has_way_out = false;
    for (unsigned to = 0; to < 8; ++to) has_way_out |= may_move(state, static_cast<ExecutionState>(to));
    CHECK(is_terminal(state) != has_way_out);
  }
  for (unsigned from = 0; from < 9; ++from) {
    const auto status = static_cast<JobStatus>(from);
    bool has_way_out = false;
    for (unsigned to = 0; to < 9; ++to) has_way_out |= may_move(status, static_cast<JobStatus>(to));
    CHECK(is_terminal(status) != has_way_out);
  }
}

TEST_CASE("a suspended job has ended here, but not for good") {
  CHECK(is_terminal(JobStatus::Suspended));
  CHECK_FALSE(is_globally_terminal(JobStatus::Suspended));
}

TEST_CASE("a state that does not exist can neither be entered nor left") {
  CHECK_FALSE(may_move(static_cast<ExecutionState>(200), ExecutionState::Failed));
  CHECK_FALSE(may_move(ExecutionState::Running, static_cast<ExecutionState>(200)));
}

TEST_CASE("states and statuses are called as users know them") {
  CHECK(name_of(ExecutionState::Canceling) == "CANCELING");
  CHECK(name_of(ExecutionState::Failed) == "FAILED");
  CHECK(name_of(JobStatus::Cancelling) == "CANCELLING");
  CHECK(name_of(JobStatus::Suspended) == "SUSPENDED");
}

}  // namespace weir
