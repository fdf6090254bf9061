// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/client/job_submission.h"
#include "messages/job.h"

namespace weir {

/// Tells the person at the terminal how a job goes: ids and results on standard output, steps on standard
/// error.
///
/// Threads: one call at a time.
class JobPrinter final : public JobListener {
public:
  explicit JobPrinter(bool is_quiet) : is_quiet_(is_quiet) {}

  void on_accepted(JobId job) override;
  void on_job_status(const JobStatusChanged& mail) override;
  void on_task_state(const ExecutionStateChanged& mail) override;
  /// Of a job that finished.
  static void print_result(const JobResult& result);

private:
  const bool is_quiet_;
};

}  // namespace weir
