// SPDX-License-Identifier: Apache-2.0
#include "test/sim/job.h"

#include <sstream>
#include <utility>

#include "graph/job_graph_generator.h"
#include "graph/stream_graph.h"

namespace weir::sim {

namespace {

JobGraph make_template() {
  StreamGraphBuilder program;
  StreamNode source;
  source.kind = StreamNode::Kind::Source;
  source.name = "events";
  source.output_type = "event";
  source.parallelism = 2;
  StreamNode sink;
  sink.kind = StreamNode::Kind::Sink;
  sink.name = "effects";
  sink.input_count = 1;
  sink.parallelism = 2;
  const auto read = program.add_node(std::move(source));
  const auto spread = program.add_partition(read, Partitioning::Broadcast);
  const auto written = program.add_node(std::move(sink));
  program.connect(spread, written);
  auto graph = program.build();
  WEIR_CHECK(graph, graph.error().what);
  auto job = generate_job_graph(*graph, JobId{.high = 1, .low = 1}, {});
  WEIR_CHECK(job, job.error().what);
  return *std::move(job);
}

}  // namespace

JobPlan plan_job(Random& random) {
  static const JobGraph kTemplate = make_template();
  JobPlan plan{.graph = kTemplate};
  plan.graph.id = {.high = random.next(), .low = random.next()};
  plan.graph.name = "events";
  plan.graph.queued_scheduling = true;
  plan.graph.restart = FixedDelay{.attempts = RestartOptions::kUnlimited,
                                  .delay = random.between(20ms, 400ms)};
  CheckpointSettings& checkpoints = plan.graph.checkpoints;
  checkpoints.interval = random.between(200ms, 700ms);
  checkpoints.timeout = random.between(1s, 3s);
  checkpoints.max_concurrent = random.chance(30) ? 2 : 1;
  if (random.chance(30)) checkpoints.min_pause = random.between(10ms, 300ms);
  if (random.chance(20)) checkpoints.tolerable_failures = static_cast<std::uint32_t>(random.below(3));
  checkpoints.directory = "/checkpoints";
  plan.keeps_state_in_files = random.chance(50);
  checkpoints.backend.kind = BackendKind::FileSystem;
  plan.retained_checkpoints = 1 + static_cast<std::uint32_t>(random.below(3));
  if (random.chance(70)) {
    plan.adoption_timeout = random.between(300ms, 1500ms);
    plan.adoption_grace = plan.adoption_timeout + random.between(500ms, 4s);
  }
  plan.ends_late = random.chance(50);
  // Then the one that is taken when all sources have ended is most often the only one.
  if (!plan.ends_late && random.chance(30)) checkpoints.interval = 1h;
  plan.events_per_source = 100 + random.below(400);
  return plan;
}

std::string encode(const TaskState& state) {
  std::ostringstream text;
  text << state.positions.size();
  for (const auto position : state.positions) text << ' ' << position;
  text << ' ' << state.batches.size();
  for (const Batch& batch : state.batches) {
    text << ' ' << batch.checkpoint << ' ' << batch.events.size();
    for (const auto& [first, end] : batch.events) text << ' ' << first << ' ' << end;
  }
  return text.str();
}

TaskState decode_state(std::string_view encoded) {
  std::istringstream text{std::string(encoded)};
  TaskState state;
  std::size_t count = 0;
  text >> count;
  state.positions.resize(count);
  for (auto& position : state.positions) text >> position;
  text >> count;
  state.batches.resize(count);
  for (Batch& batch : state.batches) {
    text >> batch.checkpoint >> count;
    batch.events.resize(count);
    for (auto& [first, end] : batch.events) text >> first >> end;
  }
  WEIR_CHECK(!text.fail(), "a task reads what a task wrote");
  return state;
}

}  // namespace weir::sim
