// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "apps/drill/checkers.h"
#include "apps/drill/cluster.h"
#include "apps/drill/ensemble.h"
#include "apps/drill/faults.h"
#include "apps/drill/job_run.h"
#include "apps/drill/network.h"
#include "apps/drill/observer.h"
#include "apps/drill/recorder.h"
#include "base/result.h"

namespace weir::drill {

/// What a fault can reach. All of it outlives who holds this.
struct Stage {
  Cluster& cluster;
  Ensemble* zookeeper;  // null: an operator's, which is left alone
  Network& network;
  Observer* observer;  // null: there is no ZooKeeper
  JobRun& job;
  Recorder& recorder;
  RefusalChecker& refusals;
};

/// A fault that was brought about.
struct Injection {
  Fault fault = Fault::LeaderKill;
  std::string target;
  std::uint64_t epoch = 0;       // of the leader then
  std::uint64_t checkpoint = 0;  // the highest that was known then
  TimePoint at{};                // the kernel had done it
  std::function<Status()> heal;  // undoes it, or brings about who comes after the dead
};

/// Does harm to a cluster.
///
/// Threads: one.
class Nemesis {
public:
  Nemesis(Stage stage, std::uint64_t seed) : stage_(stage), random_(seed) {}

  /// Errors: it could not be brought about, and why.
  [[nodiscard]] Result<Injection> inject(Fault fault);

private:
  using Nodes = std::vector<Node*>;
  using Injected = Result<Injection>;

  [[nodiscard]] Injected leader_fault(Fault fault);
  [[nodiscard]] Injected standby_fault(Fault fault);
  [[nodiscard]] Injected task_manager_fault(Fault fault);
  [[nodiscard]] Injected client_fault(Fault fault);
  [[nodiscard]] Injected zookeeper_fault(Fault fault);
  [[nodiscard]] Injected cut(Fault fault);

  [[nodiscard]] Injected freeze_leader(Node& leader);
  [[nodiscard]] Injected kill_all_job_managers();
  [[nodiscard]] Injected kill_leader_twice(Node& leader);
  [[nodiscard]] Injected kill_all_task_managers();
  [[nodiscard]] Injected freeze_task_manager(Node& victim);
  [[nodiscard]] Injected throw_in_task();
  [[nodiscard]] Injected kill_submitter();
  [[nodiscard]] Status submit_again(const std::string& id, const std::vector<std::string>& submission);
  [[nodiscard]] Injected expire_session();
  [[nodiscard]] Injected lose_quorum();
  [[nodiscard]] Injected cut_pairs(const std::vector<std::pair<const Place*, const Place*>>& pairs,
                                   const std::string& target);

  [[nodiscard]] Injected cut_task_managers(const Nodes& busy_ones);

  /// As far as is known when it is called: call it when the fault is there.
  [[nodiscard]] Injection injected(std::string target, std::function<Status()> heal) const;
  [[nodiscard]] Result<Node*> leader() const;
  [[nodiscard]] Result<Node*> standby();
  /// Those with tasks of the job.
  [[nodiscard]] Result<Nodes> busy() const;
  /// Another leads in place of the one who did when `made` was: whatever is said under his term is refused.
  void speak_for_deposed(const Injection& made);
  void cancel_under(const LeaderSeen& deposed, const std::string& address, const std::string& whom);

  Stage stage_;
  std::mt19937_64 random_;
};

/// The password of a session, as ZooKeeper's servers make it of its id: by it a drill can end a session that
/// is not its own.
[[nodiscard]] std::string session_password(std::int64_t id);

}  // namespace weir::drill
