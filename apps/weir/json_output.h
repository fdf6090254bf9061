// SPDX-License-Identifier: Apache-2.0
// What the cluster says, as one line of JSON for scripts. Names as Flink's REST clients know them; ids are 32
// lower-case hex digits, times milliseconds since 1970, -1 for what has not happened yet. Pure.
#pragma once

#include <string>
#include <string_view>

#include "apps/weir/render.h"
#include "messages/archive.h"
#include "messages/job.h"
#include "messages/worker.h"

namespace weir {

/// {"jobs":[{"jid","name","state","start-time","end-time","duration"}]}
[[nodiscard]] std::string list_json(const JobList& jobs, const ListFilter& filter, WallTime now);
/// {"jobmanager","taskmanagers","slots-total","slots-available","jobs-running",...,"messages-refused",
/// "instances":[{"id","data-address","slots","ms-since-heartbeat"}]}
[[nodiscard]] std::string overview_json(const std::string& job_manager, const ClusterOverview& cluster,
                                        const InstanceList& instances);
/// {"jid","name","state","start-time","end-time","duration","restarts","failure","accumulators":{},
/// "vertices":[{"id","name","parallelism","state","read-records","write-records","read-bytes","write-bytes",
/// "subtasks":[{"subtask","attempt","state","data-address"}]}]}
[[nodiscard]] std::string job_json(const JobDetails& job, WallTime now);
/// A text in quotes.
[[nodiscard]] std::string quoted(std::string_view text);
/// {"jid","state","duration","failure","accumulators":{}}
[[nodiscard]] std::string result_json(const JobResult& result);

}  // namespace weir
