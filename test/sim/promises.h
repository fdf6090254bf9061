// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "checkpoint/snapshot/completed_checkpoint.h"
#include "ha/zk_paths.h"
#include "messages/job.h"
#include "test/sim/world.h"
#include "test/sim/zk_ensemble.h"

namespace weir::sim {

/// What a sink hands over when a checkpoint has completed: of each source, the events from `first` to `end`.
struct Batch {
  CheckpointId checkpoint = 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> events;  // by source
  bool operator==(const Batch&) const = default;
};

/// What must be true at every moment, whatever breaks (the letters are those of docs/simulation.md). It sees
/// everything, decides nothing, and says what was broken first.
///
/// Threads: none.
class Promises {
public:
  Promises(World& world, const ZkEnsemble& zookeeper, ZkPaths paths)
      : world_(world), zookeeper_(zookeeper), paths_(std::move(paths)) {}

  // a: each event takes effect once, in order, and not before its checkpoint is complete
  void on_sink_commits(JobId job, std::uint32_t subtask, CheckpointId completed, const Batch& batch);
  // b, d, f: what is written to ZooKeeper, and under which term; none: it is no leader's
  void on_zookeeper_commit(LeaderSessionId term, const std::vector<ZkOp>& steps);
  // c: a leader takes over what its job goes on from; 0: from nothing
  void on_restored(JobId job, CheckpointId checkpoint, LeaderSessionId term);
  // d: a node does what a leader of this term says
  void on_obeyed(NodeId node, LeaderSessionId term);
  // e
  void on_granted(NodeId node, LeaderSessionId term);
  /// Another node is granted a term while this one, which is awake, believes that it leads.
  void on_two_lead(NodeId old, NodeId now);
  void on_resumed(NodeId node) { resumed_[node] = world_.now(); }
  /// A leader's session was ended under it: it may learn of that late.
  void on_session_taken(NodeId node) { session_taken_[node] = world_.now(); }
  /// Looked at now and then: what this node leads, if it is awake; none: nothing.
  void on_seen_leading(NodeId node, LeaderSessionId term);
  // f: a leader has tasks run
  void on_deployed(JobId job, LeaderSessionId term);
  // g
  void on_writing(const CompletedCheckpoint& checkpoint);
  void on_file_removed(const std::string& path);
  void on_state_missing(const std::string& path) {
    world_.violate("g: a task is to start from " + path + ", which is gone");
  }
  // h
  void on_result_told(const JobResult& result);
  void on_client_answered(JobId job, const Result<JobResult>& result);

  /// How many events each source of the job has, from the start.
  void expect(JobId job, std::uint64_t events_per_source) { ledgers_[job].total = events_per_source; }
  [[nodiscard]] LeaderSessionId current_term() const;
  [[nodiscard]] bool has_verdict(JobId job) const;
  /// The latest checkpoint.
  [[nodiscard]] TimePoint completed_at() const { return completed_at_; }
  [[nodiscard]] bool is_answered(JobId job) const { return answered_.contains(job); }
  /// Whether the job was never started, or something of it was written; for who says why a schedule hangs.
  [[nodiscard]] std::string state_of(JobId job) const;

private:
  static constexpr std::size_t kSinks = 2;
  static constexpr std::size_t kSources = 2;
  struct Ledger {
    std::uint64_t total = 0;
    std::array<std::array<std::uint64_t, kSources>, kSinks> end{};  // committed up to here
    std::array<std::map<CheckpointId, Batch>, kSinks> batches;
  };
  struct Pointers {
    CheckpointId latest = 0;
    std::set<CheckpointId> all;      // that ever were
    std::set<CheckpointId> present;  // that are
    std::map<CheckpointId, std::set<std::string>> files;
  };

  void on_step(const ZkOp& step);
  void on_pointer(JobId job, CheckpointId id, bool is_made);
  [[nodiscard]] bool is_complete(const Ledger& ledger) const;

  World& world_;
  const ZkEnsemble& zookeeper_;
  const ZkPaths paths_;
  std::map<JobId, Ledger> ledgers_;
  std::map<JobId, Pointers> pointers_;
  std::map<JobId, std::string> verdicts_;
  std::map<JobId, JobStatus> told_;
  std::map<JobId, int> answered_;
  std::map<LeaderSessionId, std::pair<NodeId, std::uint32_t>> leaders_;     // and in which of its lives
  std::map<std::pair<NodeId, std::uint32_t>, LeaderSessionId> obeyed_;  // the highest
  std::map<NodeId, TimePoint> outdated_since_;  // leads, though its term is over
  std::map<NodeId, TimePoint> session_taken_;
  std::map<NodeId, TimePoint> resumed_;
  TimePoint completed_at_{};
};

}  // namespace weir::sim
