// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/coordinator/checkpoint_coordinator.h"

namespace weir::testing {

inline constexpr ExecutionAttemptId attempt(std::uint64_t number) { return {.high = 7, .low = number}; }

/// What the coordinator asked for, in words: "trigger 1 #3".
class CheckpointLetters final : public CheckpointOutbox {
public:
  void trigger(ExecutionAttemptId task, const CheckpointOrder& order) override {
    orders[order.checkpoint] = order;
    say("trigger " + std::to_string(task.low) + " #" + std::to_string(order.checkpoint));
  }
  void begin(ExecutionAttemptId task) override { say("begin " + std::to_string(task.low)); }
  void notify_complete(ExecutionAttemptId task, CheckpointId id) override {
    say("complete " + std::to_string(task.low) + " #" + std::to_string(id));
  }
  void notify_aborted(ExecutionAttemptId task, CheckpointId id) override {
    say("aborted " + std::to_string(task.low) + " #" + std::to_string(id));
  }
  void request_id(const std::string& savepoint) override {
    ++ids_wanted;
    savepoint_begun = savepoint;
  }
  void write(const CompletedCheckpoint& checkpoint, bool may_be_restored) override {
    written[checkpoint.id] = checkpoint;
    say("write #" + std::to_string(checkpoint.id) + (may_be_restored ? "" : ", not to be restored"));
  }
  void remove(const CompletedCheckpoint& checkpoint, const std::vector<std::string>& files) override {
    say("remove #" + std::to_string(checkpoint.id) + list(files));
  }
  void discard(const std::string& root, const std::string&, const std::vector<std::string>& files) override {
    if (!files.empty()) say("discard " + root + list(files));
  }
  void sweep() override { say("sweep"); }
  void fail_job(const Error& cause) override {
    say("fail job");
    failure = cause.what;
  }
  void answer(SavepointRequestId request, const Result<std::string>& path) override {
    say("answer " + std::to_string(static_cast<std::uint64_t>(request)) + (path ? ": " + *path : " refused"));
    if (!path) failure = path.error().what;
  }
  void restore(const CompletedCheckpoint* latest) override {
    say("restore " + (latest == nullptr ? "nothing" : "#" + std::to_string(latest->id)));
  }
  void refuse_restore(const Error& doubt) override { say("no restore: " + doubt.what); }

  std::vector<std::string> take() { return std::exchange(said, {}); }

  std::vector<std::string> said;
  std::map<CheckpointId, CompletedCheckpoint> written;
  std::map<CheckpointId, CheckpointOrder> orders;
  std::string failure;
  int ids_wanted = 0;
  std::string savepoint_begun;  // with the latest

private:
  void say(std::string what) { said.push_back(std::move(what)); }
  static std::string list(const std::vector<std::string>& files) {
    std::string text;
    for (const std::string& file : files) text += " " + file;
    return text;
  }
};

/// A job of two sources (1, 2), of which each feeds its own task (3, 4), which both feed one sink (5); its
/// coordinator; and time, which stands still unless it is told.
class CoordinatedJob {
public:
  using Now = CheckpointCoordinator::Now;
  static constexpr OperatorId kSource{.high = 0, .low = 1}, kMap{.high = 0, .low = 2},
      kSink{.high = 0, .low = 3};

  explicit CoordinatedJob(CheckpointSettings settings = {.interval = 10s}, std::uint32_t retained = 1,
                          std::vector<CompletedCheckpoint> recovered = {})
      : coordinator({.job = {.high = 0, .low = 9}, .settings = settings, .retained = retained, .root = "/c"},
                    std::move(recovered), letters) {}

  static CheckpointPlan plan(std::uint64_t first_attempt = 1) {
    const auto task = [&](std::uint64_t number, std::vector<ProducerSubtasks> producers) {
      return CheckpointedTask{.attempt = attempt(first_attempt - 1 + number),
                              .producers = std::move(producers)};
    };
    return {{{.name = "source",
              .operators = {{.id = kSource, .name = "source", .uid = "src"}},
              .tasks = {task(1, {}), task(2, {})}},
             {.name = "map", .operators = {{.id = kMap, .name = "map", .uid = ""}},
              .tasks = {task(3, {{0, 0, 1}}), task(4, {{0, 1, 1}})}},
             {.name = "sink", .operators = {{.id = kSink, .name = "sink", .uid = ""}},
              .tasks = {task(5, {{1, 0, 2}})}}}};
  }

  void start(std::uint64_t first_attempt = 1) {
    coordinator.on_round_started(plan(first_attempt), now());
    for (std::uint64_t i = 0; i < 5; ++i) coordinator.on_task_running(attempt(first_attempt + i), now());
  }
  void pass(Duration time) {
    time_ += time;
    coordinator.on_time(now());
  }
  /// Hands out the ids that are wanted.
  void give_ids() {
    for (; letters.ids_wanted > 0; --letters.ids_wanted) coordinator.on_id(CheckpointId{++last_id_}, now());
  }
  /// Lets an interval pass: the checkpoint that begins then.
  CheckpointId begin(Duration after = 10s) {
    pass(after);
    give_ids();
    letters.take();
    return last_id_;
  }
  static TaskSnapshot snapshot(OperatorId id, const std::string& path, std::vector<std::string> shared = {}) {
    OperatorSnapshot state{.state = {.path = path, .bytes = 1}};
    for (std::string& file : shared) state.shared.push_back({.path = std::move(file), .bytes = 1});
    return {.operators = {{id, state}}};
  }
  void acknowledge(std::uint64_t task, CheckpointId id, const TaskSnapshot& state = {}) {
    coordinator.on_acknowledge(attempt(task), id, state, now());
  }
  void acknowledge_all(CheckpointId id, std::uint64_t first_attempt = 1) {
    for (std::uint64_t i = 0; i < 5; ++i) acknowledge(first_attempt + i, id);
  }
  void written(CheckpointId id, Status how = Status::ok()) { coordinator.on_written(id, how, now()); }
  void complete(CheckpointId id) {
    acknowledge_all(id);
    written(id);
  }
  [[nodiscard]] Now now() const {
    return {.time = TimePoint{} + time_, .wall = WallTime{} + 1ms * (time_ / 1ms)};
  }

  CheckpointLetters letters;
  CheckpointCoordinator coordinator;

private:
  Duration time_{};
  CheckpointId last_id_ = 0;
};

inline Status disk_full() {
  return Error{ErrorCode::IoFailure, "no space left", Blame::Environment, Retry::Later};
}

inline Status deposed() {
  return Error{ErrorCode::NotLeader, "term 3 is over", Blame::Environment, Retry::Later};
}

}  // namespace weir::testing
