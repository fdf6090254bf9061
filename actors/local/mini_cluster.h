// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/client/job_client.h"
#include "base/result.h"
#include "execution/task/program.h"
#include "execution/task/worker.h"
#include "graph/failover.h"
#include "graph/job_graph.h"
#include "graph/state_defaults.h"

namespace weir {

/// A whole cluster in one process: one JobManager that leads from the start, and TaskManagers that are
/// registered when the constructor returns.
///
/// Threads: made and ended by one thread, which waits for tasks that still run, and which starts and kills
///          TaskManagers. In between, the client is for any.
class MiniCluster {
public:
  struct Options {
    std::uint32_t task_managers = 1;
    std::uint32_t slots_per_task_manager = 1;
    Worker::Options worker;  // of each TaskManager; its slots are those above. Of several each has a port
    RestartOptions restart;  // of jobs that say nothing else
    StateDefaults state;     // the same
  };

  /// `programs` outlives this.
  MiniCluster(Options options, ProgramSource& programs);
  /// Every call of the client must have returned.
  ~MiniCluster();
  MiniCluster(const MiniCluster&) = delete;
  MiniCluster& operator=(const MiniCluster&) = delete;

  [[nodiscard]] JobClient& client();

  /// Ends one with all of its tasks, as if its process had died: nothing is said but that it is gone. Waits
  /// for functions that are under way in them. Numbers begin at 0, and are not used again.
  void kill_task_manager(std::uint32_t number);
  /// One more is registered when this returns. Returns its number.
  std::uint32_t start_task_manager();
  /// The address where each serves data, by number: empty if it has no port, or was killed.
  [[nodiscard]] std::vector<std::string> data_addresses() const;

  /// Runs the job to its end. A job that failed or was cancelled is a result, not an error.
  [[nodiscard]] Result<JobResult> execute(JobGraph graph, JobListener* listener = nullptr) {
    return client().run(std::move(graph), listener);
  }

private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
