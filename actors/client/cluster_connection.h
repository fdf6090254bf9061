// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "actors/client/job_client.h"
#include "base/result.h"
#include "base/time.h"
#include "base/tls_options.h"
#include "ha/standalone.h"
#include "ha/zookeeper_options.h"

namespace weir {

/// A client's way into a running cluster.
///
/// Threads: made and ended by one thread, when every call of the client has returned. In between, the client
///          is for any.
class ClusterConnection {
public:
  struct Options {
    std::string job_manager;  // "host:port"; not used with ZooKeeper
    LeaderSessionId session = kStandaloneSession;  // under which it is spoken to; not used with ZooKeeper
    std::optional<ZooKeeperOptions> zookeeper;  // none: there is one JobManager
    Duration patience = 60s;  // for each answer, with whatever the connection goes through meanwhile
    Duration heartbeat_interval = 1s;
    Duration heartbeat_timeout = 5s;
    std::optional<TlsOptions> tls;
  };

  /// How long somebody who listens may take to greet.
  static constexpr Duration kGreetingPatience = 10s;

  /// Errors: one line: nobody listens there, or who does is no JobManager of this cluster; or nobody leads.
  [[nodiscard]] static Result<std::unique_ptr<ClusterConnection>> open(const Options& options);
  ~ClusterConnection();

  [[nodiscard]] JobClient& client();
  /// "host:port" of the one that leads, as far as is known here.
  [[nodiscard]] std::string job_manager() const;
  /// Puts a program's library where TaskManagers find it. The answer is its key.
  [[nodiscard]] Result<std::string> upload(const std::string& library);

private:
  struct State;
  explicit ClusterConnection(std::unique_ptr<State> state);

  const std::unique_ptr<State> state_;
};

}  // namespace weir
