// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>
#include <cstddef>
#include <memory>
#include <string>

#include "apps/drill/ensemble.h"
#include "base/time.h"
#include "test/support/temporary_directory.h"

namespace weir::testing {

/// Whether this machine has what a ZooKeeperProcess needs: Java and Debian's package `zookeeper`.
[[nodiscard]] inline bool has_zookeeper() { return drill::Ensemble::is_installed(); }

/// A drill's ZooKeeper for tests, which fail where it does. All servers serve when the constructor returns.
///
/// Threads: one.
class ZooKeeperProcess {
public:
  static constexpr Duration kTick = drill::Ensemble::kTick;

  explicit ZooKeeperProcess(std::size_t servers = 1) {
    auto started = drill::Ensemble::start({.servers = servers, .folder = files_.path()});
    REQUIRE_MESSAGE(started, started.error().what);
    ensemble_ = *std::move(started);
  }

  [[nodiscard]] std::string hosts() const { return ensemble_->hosts(); }
  [[nodiscard]] std::size_t size() const { return ensemble_->size(); }
  /// Of several, the index of the one that leads them.
  [[nodiscard]] std::size_t leader() const {
    const auto leader = ensemble_->leader();
    REQUIRE(leader);
    return *leader;
  }
  void kill(std::size_t server) { ensemble_->kill(server); }
  void restart(std::size_t server) { ensemble_->restart(server); }
  void await_serving(std::size_t server) {
    const Status serves = ensemble_->await_serving(server);
    REQUIRE_MESSAGE(serves, serves.error().what);
  }
  void freeze(std::size_t server) { ensemble_->process(server).signal(SIGSTOP); }
  void thaw(std::size_t server) { ensemble_->process(server).signal(SIGCONT); }

private:
  const TemporaryDirectory files_;
  std::unique_ptr<drill::Ensemble> ensemble_;
};

}  // namespace weir::testing
