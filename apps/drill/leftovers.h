// SPDX-License-Identifier: Apache-2.0
// What should be gone when a cluster has ended, and is not, after some patience.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "apps/drill/observer.h"
#include "base/ids.h"
#include "base/time.h"

namespace weir::drill {

[[nodiscard]] std::vector<std::string> nodes_left_of(Observer& observer, JobId job, Duration patience);
[[nodiscard]] bool leader_is_gone(Observer& observer, Duration patience);
[[nodiscard]] std::vector<std::string> processes_left_of(const std::vector<pid_t>& pids, Duration patience);
/// Those of these "host:port" at which somebody listens in our network. A namespace takes its ports along.
[[nodiscard]] std::vector<std::string> ports_left_of(const std::vector<std::string>& addresses);
/// Regular files below these folders, but for what a cluster keeps for its next start.
[[nodiscard]] std::vector<std::string> files_left_in(const std::vector<std::string>& folders);

}  // namespace weir::drill
