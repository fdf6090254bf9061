// SPDX-License-Identifier: Apache-2.0
// What a drill saw, for those who judge it. Plain values: a test can make up any history.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "apps/drill/process_use.h"
#include "base/ids.h"
#include "base/time.h"

namespace weir::drill {

/// Somebody was found in the leader's node of ZooKeeper.
struct LeaderSeen {
  std::uint64_t epoch = 0;  // of its term
  LeaderSessionId session;  // of its term, too: what it sends under
  std::string address;
  std::int64_t owner = 0;  // the session that the node goes with
  TimePoint at{};
};

/// A pointer to a completed checkpoint was found in ZooKeeper.
struct CheckpointSeen {
  std::uint64_t id = 0;
  std::int64_t created = 0;  // number of the transaction that made it: the order of all that happened there
  TimePoint at{};
};

/// A file of the job's output was made visible, or something else became of one.
struct OutputSeen {
  enum class Kind : std::uint8_t { Committed, Changed, Removed };
  Kind kind = Kind::Committed;
  std::string file;
  std::uint64_t checkpoint = 0;  // to which it belongs
  TimePoint at{};
};

/// How the job stands, as its JobManager says.
struct JobSeen {
  std::string state;
  std::uint64_t restarts = 0;
  std::vector<std::uint64_t> attempts;     // of each subtask
  std::vector<std::string> data_addresses;  // the same: where it runs
  bool operator==(const JobSeen&) const = default;
};

/// What a process had before the job, and has behind it; and what it may have more.
struct Growth {
  static constexpr std::size_t kDescriptors = 6;
  static constexpr std::size_t kThreads = 4;
  static constexpr std::size_t kMegabytes = 24;
  std::string who;
  ProcessUse before;
  ProcessUse after;
};

/// What is left of a cluster that was told to end.
struct Leftovers {
  std::vector<std::string> processes;
  std::vector<std::string> files;
  std::vector<std::string> nodes;  // of ZooKeeper
  std::vector<std::string> ports;
};

}  // namespace weir::drill
