// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "actors/job_manager/job_manager.h"
#include "base/result.h"
#include "base/time.h"
#include "base/tls_options.h"
#include "ha/zk_client.h"
#include "ha/zookeeper_options.h"

namespace weir {

/// All that runs in the process of a JobManager: its actors, reachable from other processes, and the blob
/// server.
///
/// Threads: made and ended by one thread.
class JobManagerProcess {
public:
  struct Options {
    std::string host = "127.0.0.1";       // how others find this machine
    std::string bind_host = "127.0.0.1";  // the interface it listens at
    std::uint16_t port = 0;               // 0: any free one
    JobManager::Options jobs;
    Duration heartbeat_interval = 1s;
    Duration heartbeat_timeout = 5s;  // silence of a TaskManager longer than this means that it is lost
    Duration ask_timeout = 10s;  // for an actor's answer
    std::size_t archived_jobs = 5;
    std::uint16_t blob_port = 0;          // 0: any free one
    std::string blob_directory;           // libraries lie in a folder below it; empty: temporary files
    /// What survives the process: jobs that are not over, with their libraries. Empty: nothing does.
    std::string storage_directory;
    bool may_fall_back = false;  // to an older checkpoint, if the latest cannot be read
    std::uint64_t max_library_bytes = 256ull << 20;
    std::optional<TlsOptions> tls;
    std::optional<ZooKeeperOptions> zookeeper;  // none: there is one JobManager, and it leads
    /// Hears of each session with ZooKeeper that is begun.
    std::function<void(const ZkSession&)> on_zookeeper_session = [](const ZkSession&) {};
  };

  /// Errors: one line that names what could not be opened.
  [[nodiscard]] static Result<std::unique_ptr<JobManagerProcess>> start(const Options& options);
  /// Running jobs end with it, unless they are kept for the next one; TaskManagers wait for that.
  ~JobManagerProcess();

  /// Both as "host:port".
  [[nodiscard]] const std::string& rpc_address() const;
  [[nodiscard]] const std::string& blob_address() const;

private:
  struct State;
  explicit JobManagerProcess(std::unique_ptr<State> state);

  const std::unique_ptr<State> state_;
};

}  // namespace weir
