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
/// Order:   listen() once.
class DataServer {
public:
  /// `loop` and `registry` outlive this.
  DataServer(IoLoop& loop, PartitionRegistry& registry, LinkOptions options)
      : loop_(loop), registry_(registry), options_(std::move(options)) {}

  /// Begins to accept. Port 0: any free one. The answer is where peers find it, "127.0.0.1:40123".
  [[nodiscard]] Result<std::string> listen(const std::string& host, std::uint16_t port);

  [[nodiscard]] const LinkCounts& counts() const { return *counts_; }

private:
  IoLoop& loop_;
  PartitionRegistry& registry_;
  const LinkOptions options_;
  const std::shared_ptr<LinkCounts> counts_ = std::make_shared<LinkCounts>();
};

}  // namespace weir
