// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/sync.h"
#include "network/connection.h"
#include "network/tcp/client_link.h"
#include "network/tcp/io_loop.h"
#include "network/tcp/link_options.h"

namespace weir {

/// How this worker's tasks read what other workers' tasks write: one link to each worker, made when the first
/// stream from there is wanted.
///
/// Threads: any. Its sockets are served by the loop; it is destroyed after the loop was stopped.
class DataClient final : public ConnectionProvider {
public:
  /// `loop` outlives this.
  DataClient(IoLoop& loop, LinkOptions options) : loop_(loop), options_(std::move(options)) {}

  [[nodiscard]] std::shared_ptr<PartitionConnection> open(
      const RemotePartition& wanted, std::uint32_t credit,
      std::shared_ptr<PartitionReceiver> receiver) override WEIR_EXCLUDES(lock_);
  /// Who this worker is from now on. If it was somebody else, its links are closed, which fails what is read
  /// over them. Until it is somebody, every stream fails at once.
  void join_cluster(const LinkIdentity& identity) WEIR_EXCLUDES(lock_);

private:
  [[nodiscard]] std::shared_ptr<ClientLink> find(const std::string& address) WEIR_EXCLUDES(lock_);
  [[nodiscard]] Result<std::shared_ptr<ClientLink>> add(const std::string& address) WEIR_EXCLUDES(lock_);
  /// It takes no more streams.
  void remove(const std::string& address, const std::shared_ptr<ClientLink>& link) WEIR_EXCLUDES(lock_);

  IoLoop& loop_;
  CurrentLinkOptions options_;

  Mutex lock_;
  std::map<std::string, std::shared_ptr<ClientLink>> links_ WEIR_GUARDED_BY(lock_);
};

}  // namespace weir
