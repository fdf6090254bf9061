// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/client/job_submission.h"
#include "apps/weir/console.h"
#include "messages/job.h"

namespace weir {

/// Tells the person at the console how a job goes, step by step.
///
/// Threads: one call at a time.
class JobPrinter final : public JobListener {
public:
  /// `console` outlives this. Scripts that read JSON from standard output get the job's id with the result.
  JobPrinter(Console& console, bool is_quiet, bool is_json)
      : console_(console), is_quiet_(is_quiet), is_json_(is_json) {}

  void on_accepted(JobId job) override;
  void on_job_status(const JobStatusChanged& mail) override;
  void on_task_state(const ExecutionStateChanged& mail) override;

private:
  Console& console_;
  const bool is_quiet_;
  const bool is_json_;
};

/// Of a job that finished, to standard output, where scripts look for it.
void print_result(const JobResult& result);

}  // namespace weir
