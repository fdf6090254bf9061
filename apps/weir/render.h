// SPDX-License-Identifier: Apache-2.0
// What the cluster says, as text for people. Pure.
#pragma once

#include <string>

#include "messages/archive.h"
#include "messages/job.h"
#include "messages/worker.h"

namespace weir {

/// Which jobs a list shows.
struct ListFilter {
  bool running = true;
  bool scheduled = true;
  bool terminated = false;
};

/// Whether the job waits for slots, runs or restarts, or is over.
[[nodiscard]] bool is_scheduled(const JobOverview& job);
[[nodiscard]] bool is_running(const JobOverview& job);
[[nodiscard]] bool is_shown(const JobOverview& job, const ListFilter& filter);

/// As Flink's users know it: a heading, and `dd.MM.yyyy HH:mm:ss : <id> : <name> (STATE)` a job.
[[nodiscard]] std::string list_text(const JobList& jobs, const ListFilter& filter);
/// The cluster in numbers and a table of its TaskManagers.
[[nodiscard]] std::string overview_text(const std::string& job_manager, const ClusterOverview& cluster,
                                        const InstanceList& instances);
/// One job: its state, and a table of its vertices.
[[nodiscard]] std::string job_text(const JobDetails& job, WallTime now);

}  // namespace weir
