// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "network/partition_registry.h"
#include "network/tcp/io_loop.h"
#include "network/tcp/link_options.h"
#include "network/tcp/server_link.h"

namespace weir {

/// Where other workers read what this one's tasks write.
///
/// Threads: any. Its sockets are served by the loop; it is destroyed after the loop was stopped, which closes
///          them all.
/// Order:   listen() once, before join_cluster().
class DataServer {
public:
  /// `loop` and `registry` outlive this.
  DataServer(IoLoop& loop, PartitionRegistry& registry, LinkOptions options)
      : loop_(loop),
        registry_(registry),
        options_(std::make_shared<CurrentLinkOptions>(std::move(options))) {}

  /// Begins to accept. Port 0: any free one. The answer is where peers find it, "127.0.0.1:40123".
  [[nodiscard]] Result<std::string> listen(const std::string& host, std::uint16_t port);

  /// Who this worker is from now on. If it was somebody else, or nobody, its links are closed.
  void join_cluster(const LinkIdentity& identity);

  [[nodiscard]] const LinkCounts& counts() const { return *counts_; }

private:
  IoLoop& loop_;
  PartitionRegistry& registry_;
  const std::shared_ptr<CurrentLinkOptions> options_;
  const std::shared_ptr<LinkCounts> counts_ = std::make_shared<LinkCounts>();
  std::weak_ptr<IoLoop::Handler> acceptor_;  // from listen() on, while the loop runs
};

}  // namespace weir
