// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "actors/client/job_submission.h"
#include "base/result.h"
#include "graph/job_graph.h"
#include "messages/archive.h"
#include "messages/checkpoint.h"
#include "messages/job.h"
#include "messages/worker.h"

namespace weir {

/// The JobManager as a program without actors sees it: every call waits for its answer.
///
/// Threads: any, several at once; not one of the actor system.
/// Errors:  what the JobManager refuses, and Timeout or Closed where it does not answer.
class JobClient {
public:
  /// The way to the JobManager; job_client_actor.h makes one.
  class Connection;

  explicit JobClient(std::unique_ptr<Connection> connection);
  ~JobClient();

  /// Submits the job and waits for its end. A job that failed or was cancelled is a result, not an error.
  /// `listener` hears of every step, and nothing after this returns.
  [[nodiscard]] Result<JobResult> run(JobGraph graph, JobListener* listener = nullptr,
                                      Submission first = Submission::New);
  /// Submits the job and leaves it alone.
  [[nodiscard]] Result<JobId> submit(JobGraph graph, Submission first = Submission::New);
  /// Returns when cancelling began.
  [[nodiscard]] Status cancel(JobId job);
  /// Returns when the sources were asked to end as if they had read everything.
  [[nodiscard]] Status stop(JobId job);

  /// Writes all state of the job into a directory of its own below `directory` (absolute; empty: as the
  /// cluster says), and then has the job go on, or end. Returns the savepoint's path when it is complete.
  [[nodiscard]] Result<std::string> savepoint(JobId job, const std::string& directory,
                                              AfterSavepoint then = AfterSavepoint::GoOn);
  /// Deletes a savepoint. `path` is absolute.
  [[nodiscard]] Status dispose_savepoint(const std::string& path);

  [[nodiscard]] Result<JobStatus> status(JobId job);
  [[nodiscard]] Result<JobDetails> details(JobId job);
  [[nodiscard]] Result<JobList> list();
  [[nodiscard]] Result<ClusterOverview> overview();
  [[nodiscard]] Result<InstanceList> task_managers();
  /// Where the libraries of programs are put.
  [[nodiscard]] Result<ClusterAccess> cluster_access();

private:
  std::unique_ptr<Connection> connection_;
};

}  // namespace weir
