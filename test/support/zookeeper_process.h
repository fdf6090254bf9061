// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "test/support/process.h"
#include "test/support/temporary_directory.h"

namespace weir::testing {

/// Whether this machine has what a ZooKeeperProcess needs: Java and Debian's package `zookeeper`.
[[nodiscard]] bool has_zookeeper();

/// A real ZooKeeper on this machine's loopback: one server, or three that elect a leader. All serve when the
/// constructor returns; nothing of it is left when it ends.
///
/// Threads: one.
class ZooKeeperProcess {
public:
  static constexpr Duration kTick = 200ms;  // sessions last at least two

  explicit ZooKeeperProcess(std::size_t servers = 1);

  /// "127.0.0.1:4711", or three of them.
  [[nodiscard]] std::string hosts() const;
  [[nodiscard]] std::size_t size() const { return servers_.size(); }
  /// Of several, the index of the one that leads them.
  [[nodiscard]] std::size_t leader() const;

  /// Ends it with SIGKILL, and returns when it is gone.
  void kill(std::size_t server);
  /// One that was killed, with what it had on disk. Does not wait until it serves: that may need others.
  void restart(std::size_t server);
  /// Returns when it serves, alone or among others.
  void await_serving(std::size_t server);
  void freeze(std::size_t server) { process(server).signal(SIGSTOP); }
  void thaw(std::size_t server) { process(server).signal(SIGCONT); }

private:
  struct Server {
    std::uint16_t client_port = 0;
    std::uint16_t peer_port = 0;
    std::uint16_t election_port = 0;
    std::unique_ptr<Process> process;
  };

  [[nodiscard]] Process& process(std::size_t server) { return *servers_[server].process; }
  [[nodiscard]] std::string folder_of(std::size_t server) const;
  [[nodiscard]] std::string configuration_of(std::size_t server) const;
  void start(std::size_t server);

  const TemporaryDirectory files_;
  std::vector<Server> servers_;
};

}  // namespace weir::testing
