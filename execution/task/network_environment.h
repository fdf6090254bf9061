// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bell.h"
#include "base/result.h"
#include "base/time.h"
#include "execution/task/task_wiring.h"
#include "graph/deployment.h"
#include "network/result_partition.h"
#include "network/tcp/byte_stream.h"
#include "network/tcp/link_identity.h"

namespace weir {

/// Everything by which the tasks of one worker reach each other and other workers' tasks: network memory, the
/// partitions they write, and links to other workers.
///
/// A worker that has no port and reads from nobody has no socket and no I/O thread.
///
/// Threads: any.
/// Order:   the gates that it made end before it does; stop() then ends the links.
class NetworkEnvironment {
public:
  struct Options {
    std::uint64_t memory_bytes = 0;
    std::uint32_t segment_bytes = 0;
    std::uint32_t buffers_per_channel = 0;
    std::uint32_t floating_buffers_per_gate = 0;
    std::string bind_address;
    std::optional<std::uint16_t> port;  // none: nobody else reads from here; 0: any free one
    std::optional<LinkIdentity> identity;  // none: join_cluster() comes later
    std::shared_ptr<StreamFactory> streams;  // null: in clear
    std::string temporary_directory;         // of blocking exchanges; empty: the system's
  };

  explicit NetworkEnvironment(const Options& options);
  ~NetworkEnvironment();

  /// Where other workers read from this one, "host:port"; empty if they do not. Errors: the port could not be
  /// opened.
  [[nodiscard]] Result<std::string> data_address() const;

  /// Who this worker is to others from now on. Until then all links are refused; they are closed if it was
  /// somebody else.
  void join_cluster(const LinkIdentity& identity);

  /// The partitions and gates that a task's descriptor asks for; the gates ring `bell`, which outlives them.
  /// Errors: not enough network memory, named by its option; a producer elsewhere without an address; no file
  /// for a blocking exchange.
  [[nodiscard]] Result<TaskWiring> wire(const TaskDeploymentDescriptor& task, Bell& bell);
  /// Makes a task's partitions known to their readers.
  void add_partitions(const std::vector<std::shared_ptr<ResultPartition>>& partitions);
  /// Drops what an attempt wrote; readers that are still there fail.
  void release_partitions_of(const ExecutionAttemptId& producer);
  void release_all_partitions();

  /// Refuses readers who have waited too long for their partition. Call it a few times a second.
  void on_tick(TimePoint now);
  /// Drops all partitions, and refuses those who ask for one.
  void close();

  [[nodiscard]] std::uint32_t free_segments() const;

private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace weir
