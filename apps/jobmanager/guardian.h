// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "base/result.h"
#include "ha/zk_client.h"
#include "ha/zookeeper_options.h"

namespace weir {

// A JobManager is run as the child of a small parent, its guardian. Through a pipe it tells the guardian its
// session with ZooKeeper. When it is dead, which its parent learns at once and beyond doubt, the guardian
// ends that session: another JobManager leads in some milliseconds, not after a time-out. Then it starts the
// JobManager again.
//
// A JobManager that is only stopped (SIGSTOP) is not dead, and keeps its session. A guardian that is killed
// takes its child with it. SIGTERM and SIGINT are handed on.

/// Runs this program again as a child, and again when that crashes, until it ends in good order. The answer
/// is the exit code. Blocks SIGCHLD.
///
/// Threads: main(), while there is no other.
[[nodiscard]] int run_guarded(const ZooKeeperOptions& zookeeper);

/// In the child: tells the guardian of each session. Null: nobody guards us.
[[nodiscard]] std::function<void(const ZkSession&)> guardian_of_this_process();

}  // namespace weir
