// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/drill/cluster.h"
#include "apps/drill/ensemble.h"
#include "apps/drill/faults.h"
#include "apps/drill/job_run.h"
#include "apps/drill/nemesis.h"
#include "apps/drill/network.h"
#include "apps/drill/observer.h"
#include "apps/drill/outcome.h"
#include "apps/drill/output_watch.h"
#include "apps/drill/own_cluster.h"
#include "apps/drill/recorder.h"
#include "base/result.h"

namespace weir::drill {

/// What drills share.
struct Setting {
  std::string programs;  // where weir and the nodes are
  std::string library;   // libverifiable.so
  std::string folder;    // for everything
  std::string report;    // folder for logs and histories of drills; empty: none are kept
  std::string broken;    // of the job, on purpose
  std::size_t task_managers = 3;
  double slack = 1;  // bounds may be missed by this factor
  std::optional<OwnCluster> own;  // an operator's, in the place of new ones
};

/// One drill: a new cluster in the ZooKeeper that is there, the verifiable job, the faults of a plan, and
/// what checkers say.
///
/// Threads: one.
class Drill {
public:
  /// `network` and `zookeeper` outlive this. Null: that of the operator's cluster.
  Drill(Setting setting, Network& network, Ensemble* zookeeper, Plan plan);
  ~Drill();

  [[nodiscard]] Outcome run();

private:
  [[nodiscard]] Status prepare();
  [[nodiscard]] Status check_plan() const;
  [[nodiscard]] Status begin_cluster();
  [[nodiscard]] Status begin_observer();
  [[nodiscard]] Status begin_job();
  [[nodiscard]] Status await_output(std::size_t commits);
  void carry_out();
  void inject(std::size_t index);
  void heal(std::size_t index);
  void await_recovery();
  void end_job();
  void await_last_state();
  void judge();
  void look_for_leftovers();
  void look_for_growth();
  void write_report();

  void find(const Findings& findings);
  [[nodiscard]] bool has_client() const;
  [[nodiscard]] std::uint64_t refused_so_far() const;
  [[nodiscard]] std::vector<TimePoint> times_of_running() const;

  const Setting setting_;
  Network& network_;
  Ensemble* const zookeeper_;
  const std::string folder_;
  Recorder recorder_;
  RefusalChecker refusals_;
  AnswerChecker answers_;
  Leftovers left_;
  Outcome outcome_;
  std::uint64_t refused_before_ = 0;
  std::vector<Cluster::Use> uses_before_;
  JobSeen before_;
  JobSeen after_;
  std::unique_ptr<Observer> observer_;
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<OutputWatch> watch_;
  std::unique_ptr<JobRun> job_;
  std::unique_ptr<Nemesis> nemesis_;
  std::vector<Injection> injections_;
};

}  // namespace weir::drill
