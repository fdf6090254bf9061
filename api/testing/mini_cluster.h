// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/environment.h"
#include "base/time.h"
#include "graph/execution_state.h"

/// What tests of programs are written with: link weir::testing. See docs/testing.md.
namespace weir::testing {

/// How a job ended.
struct JobEnd {
  JobStatus status = JobStatus::Created;  // Finished, Canceled or Failed
  std::string failure;                    // operator, subtask and what happened; empty unless Failed
  std::map<std::string, std::int64_t> accumulators;
};

/// What `weir run` is told beside the library.
struct JobOptions {
  std::uint32_t parallelism = 1;
  std::vector<std::string> arguments = {};  // of the program: {"--input", path}
  std::string from_savepoint = {};          // the path that savepoint() returned; empty: begin anew
};

/// A job of a MiniCluster, which owns it.
///
/// Threads: one, that of the test.
/// Errors:  what cannot be done throws std::runtime_error, which names the job and why. So does waiting
///          longer than the cluster's patience.
class MiniJob {
public:
  virtual ~MiniJob() = default;

  /// Returns when all tasks run, or have finished already.
  virtual void await_running() = 0;
  /// Returns when a checkpoint is complete that began after this was called.
  virtual void await_checkpoint() = 0;
  /// Writes all state of the job and has it go on. Returns the savepoint's path.
  [[nodiscard]] virtual std::string savepoint() = 0;
  /// The same, and the job ends: it does not work on behind the savepoint.
  [[nodiscard]] virtual std::string stop_with_savepoint() = 0;
  virtual void cancel() = 0;
  /// How often it was begun again after a failure.
  [[nodiscard]] virtual std::uint32_t restarts() = 0;
  /// Where its tasks are: each TaskManager once, by the number that the cluster knows it by. Those are left
  /// out that wait for a slot, or whose TaskManager was killed.
  [[nodiscard]] virtual std::vector<std::uint32_t> task_managers() = 0;
  /// Where one of them is: that subtask of the first task whose name, which is made of its operators' names,
  /// has this in it. It must have a place.
  [[nodiscard]] virtual std::uint32_t task_manager_of(const std::string& name,
                                                      std::uint32_t subtask = 0) = 0;
  /// Waits for its end. A job that failed or was cancelled is a result, not an error.
  virtual JobEnd await() = 0;
};

/// A whole cluster in this process: a JobManager, and TaskManagers that exchange records over loopback as
/// they would over machines. A test submits programs to it, kills TaskManagers, takes savepoints, and looks
/// at what came out.
///
///     MiniCluster cluster({.task_managers = 1, .slots = 2});
///     const auto seen = std::make_shared<Collected<Alarm>>();
///     MiniJob& job = cluster.submit([&](Environment& env) { alarms(readings(env)).collect(seen); },
///                                   {.parallelism = 2});
///     job.await_checkpoint();
///     cluster.start_task_manager();
///     cluster.kill_task_manager(job.task_manager_of("Process"));
///     CHECK(job.await().status == JobStatus::Finished);
///
/// Checkpoints and savepoints lie in files below the system's directory for such, unless the program says
/// otherwise, and are gone with the cluster. Jobs that still run are cancelled then.
///
/// Threads: one, that of the test. Programs are built on others, and their functions run there.
/// Errors:  as of MiniJob.
class MiniCluster {
public:
  using Program = std::function<void(Environment&)>;

  struct Options {
    std::uint32_t task_managers = 1;
    std::uint32_t slots = 4;  // of each
    Duration patience = std::chrono::seconds(60);
  };

  MiniCluster() : MiniCluster(Options{}) {}
  explicit MiniCluster(const Options& options);
  ~MiniCluster();
  MiniCluster(const MiniCluster&) = delete;
  MiniCluster& operator=(const MiniCluster&) = delete;

  /// Starts a program, which is run again for each TaskManager: what it captures outlives the cluster or is
  /// copied. The job is there until the cluster is gone.
  MiniJob& submit(Program program, const JobOptions& options);
  MiniJob& submit(Program program) { return submit(std::move(program), JobOptions{}); }
  /// Runs one to its end.
  JobEnd run(Program program, const JobOptions& options) {
    return submit(std::move(program), options).await();
  }
  JobEnd run(Program program) { return submit(std::move(program)).await(); }

  /// A TaskManager is gone, with all that its tasks had; numbers begin at 0 and are not used again. Waits for
  /// functions that are under way there. Throws std::runtime_error if there is none of that number.
  void kill_task_manager(std::uint32_t number);
  /// One more has registered when this returns, and may be killed by the number returned.
  std::uint32_t start_task_manager();
  /// The numbers of those that have not been killed, in order.
  [[nodiscard]] std::vector<std::uint32_t> task_managers() const;

private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::testing
