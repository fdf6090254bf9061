// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "apps/drill/network.h"
#include "apps/drill/process.h"
#include "base/result.h"
#include "base/time.h"

namespace weir::drill {

/// Real ZooKeeper servers on this machine: one alone, or three that elect a leader. Nothing of them is left
/// when this ends, but their folder.
///
/// Threads: one.
class Ensemble {
public:
  static constexpr Duration kTick = 200ms;  // sessions last at least two

  struct Options {
    std::size_t servers = 1;
    std::string folder;  // is there
    Network* network = nullptr;  // outlives this; none: loopback
  };

  /// Whether this machine has what it takes: Java and Debian's package `zookeeper`.
  [[nodiscard]] static bool is_installed();
  /// All serve when this returns.
  [[nodiscard]] static Result<std::unique_ptr<Ensemble>> start(Options options);

  /// "127.0.0.1:4711", or three of them.
  [[nodiscard]] std::string hosts() const;
  [[nodiscard]] std::size_t size() const { return servers_.size(); }
  /// Of several, the index of the one that leads them. Errors: nobody does.
  [[nodiscard]] Result<std::size_t> leader() const;
  [[nodiscard]] Process& process(std::size_t server) { return *servers_[server].process; }
  [[nodiscard]] const Place& place(std::size_t server) const { return servers_[server].place; }
  [[nodiscard]] bool is_alive(std::size_t server) { return !process(server).await_end(0ms).has_value(); }

  /// Ends it with SIGKILL, and returns when it is gone.
  void kill(std::size_t server);
  /// One that was killed, with what it had on disk. Does not wait until it serves: that may need others.
  void restart(std::size_t server);
  /// Returns when it serves, alone or among others. Errors: it does not; what it said.
  [[nodiscard]] Status await_serving(std::size_t server);

private:
  struct Server {
    Place place;
    std::uint16_t client_port = 2181;
    std::uint16_t peer_port = 2888;
    std::uint16_t election_port = 3888;
    std::unique_ptr<Process> process;
  };

  explicit Ensemble(Options options) : options_(std::move(options)) {}
  [[nodiscard]] Status settle();
  [[nodiscard]] Status begin();
  [[nodiscard]] std::string path(const std::string& name) const { return options_.folder + "/" + name; }
  [[nodiscard]] std::string configuration_of(std::size_t server) const;

  const Options options_;
  std::vector<Server> servers_;
};

}  // namespace weir::drill
