// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace weir {

// How the processes of a cluster end. A crash ends by its signal.
inline constexpr int kExitOk = 0;          // told to end, by SIGTERM or SIGINT
inline constexpr int kExitNotStarted = 1;  // something that it needs could not be had, as a port
inline constexpr int kExitBadConfig = 2;   // the command line or the configuration is wrong
inline constexpr int kExitUnsafe = 3;      // it would listen to the network without protection
inline constexpr int kExitGaveUp = 4;      // no JobManager took it in before its deadline
inline constexpr int kExitStuckTask = 11;  // a task ignored its cancellation for the deadline

}  // namespace weir
