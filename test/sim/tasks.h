// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/task_manager/task_runner.h"
#include "checkpoint/barrier_aligner.h"
#include "test/sim/cluster.h"
#include "test/sim/job.h"

namespace weir::sim {

/// What runs on one TaskManager: sources that count, and sinks that hand over what they have read when a
/// checkpoint has completed. Between them go barriers and ends; where in its events a source is, they say.
class Tasks final : public TaskRunner {
public:
  /// How tasks speak to the TaskManager's actor.
  struct Observer {
    std::function<void(const TaskExecutionState&)> state;
    std::function<void(const AcknowledgeCheckpoint&)> acknowledged;
    std::function<void(const DeclineCheckpoint&)> declined;
    std::function<bool(JobId, ExecutionAttemptId)> is_wanted;  // by who leads now; for who checks
  };

  Tasks(Cluster& cluster, NodeId node, Observer observer)
      : cluster_(cluster), node_(node), observer_(std::move(observer)) {}

  // TaskRunner
  Status submit(const TaskDeploymentDescriptor& task) override;
  void cancel(ExecutionAttemptId attempt) override { end(attempt, ExecutionState::Canceled, ""); }
  void fail(ExecutionAttemptId attempt, const std::string& cause) override {
    end(attempt, ExecutionState::Failed, cause);
  }
  void fail_all(const std::string& cause) override;
  void release_partitions(ExecutionAttemptId attempt) override;
  void stop(ExecutionAttemptId) override {}
  void trigger_checkpoint(const TriggerCheckpoint& mail) override;
  void notify_checkpoint_complete(const NotifyCheckpointComplete& mail) override;
  void on_input_split(ExecutionAttemptId, const NextInputSplit&) override {}
  std::vector<TaskProgress> progress() const override { return {}; }
  void join_cluster(const ClusterAccess&) override {}

  /// A connection to another TaskManager is gone, and with it those who spoke over it.
  void on_down(ConnectionId connection);

private:
  /// What a source sends: a barrier, or its end. All events before `position` came before it.
  struct Element {
    BarrierAligner::Barrier barrier;  // of checkpoint 0: the end
    std::uint64_t position = 0;
  };
  using Deliver = std::function<void(const Element&)>;
  struct Output {
    std::vector<Element> sent;  // until somebody reads
    Deliver deliver;            // empty: nobody does
    std::optional<ConnectionId> connection;
  };
  enum class Phase : std::uint8_t { Deploying, Running, Ending, Over };
  struct Task {
    TaskDeploymentDescriptor descriptor;
    Phase phase = Phase::Deploying;
    TaskState state;
    CheckpointId last_snapshot = 0;
    // A source's:
    TimePoint since{};
    std::map<std::uint32_t, Output> outputs;  // by who reads
    // A sink's:
    std::optional<BarrierAligner> aligner;
    std::vector<std::deque<Element>> inputs;
    std::vector<bool> blocked;
    std::vector<bool> ended;
    bool has_finished = false;  // all of them have, and it has said its last word
    CheckpointId last_word = 0;  // the first checkpoint with it
    bool is_last_word_out = false;
    std::vector<std::uint64_t> read;
    std::vector<std::optional<ConnectionId>> connections;

    [[nodiscard]] bool is_source() const { return descriptor.inputs.empty(); }
  };
  using TaskPtr = std::shared_ptr<Task>;

  [[nodiscard]] TaskPtr running(ExecutionAttemptId attempt) const;
  void begin(const TaskPtr& task);
  [[nodiscard]] bool restore(Task& task);
  void end(ExecutionAttemptId attempt, ExecutionState state, const std::string& cause);
  void finish(const TaskPtr& task);
  void report(const Task& task, ExecutionState state, const std::string& cause, TaskSnapshot snapshot = {});

  // tasks_of_source.cpp
  void run_source(const TaskPtr& task);
  [[nodiscard]] std::uint64_t position(const Task& task) const;
  void emit(Task& task, const Element& element);
  /// Another TaskManager's task, or one of ours, reads what this source sends.
  void subscribe(ExecutionAttemptId producer, std::uint32_t reader, std::optional<ConnectionId> connection,
                 const Deliver& deliver, const std::function<void(bool)>& answer);

  // tasks_of_sink.cpp
  void run_sink(const TaskPtr& task);
  void open_input(const TaskPtr& task, std::uint32_t channel, int attempts_left);
  void request_remote(const TaskPtr& task, std::uint32_t channel, const Deliver& deliver,
                      const std::function<void(bool)>& answer);
  void on_element(const TaskPtr& task, std::uint32_t channel, const Element& element);
  void read_inputs(const TaskPtr& task);
  void carry_out(const TaskPtr& task, std::uint32_t channel, const BarrierAligner::Steps& steps);
  void commit(Task& task, CheckpointId completed);
  void finish_if_done(const TaskPtr& task);

  void snapshot(const TaskPtr& task, const BarrierAligner::Barrier& barrier);
  [[nodiscard]] std::optional<TaskSnapshot> store(const Task& task, const std::string& root,
                                                  CheckpointId checkpoint, const std::string& content);
  void decline(const Task& task, CheckpointId checkpoint, const std::string& reason);

  Cluster& cluster_;
  const NodeId node_;
  const Observer observer_;
  std::map<ExecutionAttemptId, TaskPtr> tasks_;
};

}  // namespace weir::sim
