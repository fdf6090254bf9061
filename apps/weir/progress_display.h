// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/client/job_client.h"
#include "apps/weir/console.h"
#include "base/sync.h"
#include "base/thread.h"

namespace weir {

/// Shows on a terminal how a job goes, twice a second, from its begin to its own end. Where there is no
/// terminal it does nothing.
///
/// Threads: made and ended by one; a thread of its own asks the JobManager.
class ProgressDisplay {
public:
  /// Both outlive this.
  ProgressDisplay(JobClient& client, Console& console, JobId job);
  ~ProgressDisplay();
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

private:
  void show_until_end();
  [[nodiscard]] bool ends_within(Duration pause) WEIR_EXCLUDES(lock_);

  JobClient& client_;
  Console& console_;
  const JobId job_;
  Mutex lock_;
  CondVar ended_;
  bool is_over_ WEIR_GUARDED_BY(lock_) = false;
  Thread thread_;
};

}  // namespace weir
