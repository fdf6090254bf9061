// SPDX-License-Identifier: Apache-2.0
// Whatever a client sends as a job: it is refused in one line, or it can be built, deployed and ended.
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "graph/execution_graph.h"
#include "test/fuzz/target.h"

namespace weir {
namespace {

constexpr std::size_t kMostSubtasks = 300;  // of graphs that are worth building here

void require(bool holds) {
  if (!holds) __builtin_trap();
}

/// Reads the input as a graph: small numbers for ids, so that they meet each other.
class Reader {
public:
  Reader(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

  JobGraph graph() {
    JobGraph job{.id = {.high = 7, .low = byte() + 0u}, .name = text()};
    job.program.library = text();
    const std::uint8_t scheduling = byte();
    job.queued_scheduling = scheduling % 2 == 0;
    job.schedule_mode = static_cast<ScheduleMode>(scheduling / 64);
    job.restart = {.kind = static_cast<RestartOptions::Kind>(byte() % 5),
                   .attempts = byte() + 0u,
                   .delay = (byte() - 10) * 1ms,
                   .interval = byte() * 1ms};
    while (size_ > 0 && job.vertices.size() < 20) job.vertices.push_back(vertex());
    return job;
  }

  std::uint8_t byte() {
    if (size_ == 0) return 0;
    --size_;
    return *data_++;
  }

private:
  template <class Tag>
  void read(Id<Tag>& id) {
    id = {.high = 1, .low = byte() % 16u};
  }
  std::string text() {
    std::string chars;
    for (std::uint8_t left = byte() % 8; left > 0; --left) chars += static_cast<char>(byte());
    return chars;
  }
  std::uint32_t number() {
    const std::uint8_t first = byte();
    return first < 250 ? first % 8u : first * 1'000'003u;
  }

  JobVertex vertex() {
    JobVertex vertex{.id = {}, .name = text()};
    read(vertex.id);
    vertex.parallelism = number();
    vertex.max_parallelism = byte() % 4 == 0 ? number() : 128;
    vertex.slot_sharing_group = byte() % 2 == 0 ? "a" : "b";
    vertex.co_location_group = byte() % 4 == 0 ? "pair" : "";
    for (std::uint8_t left = byte() % 4; left > 0; --left) {
      auto& chained =
          vertex.operators.emplace_back(ChainedOperator{.id = {}, .node = byte(), .name = text()});
      read(chained.id);
    }
    if (byte() % 8 != 0 && !vertex.operators.empty())
      vertex.id = {vertex.operators.front().id.high, vertex.operators.front().id.low};
    for (std::uint8_t left = byte() % 4; left > 0; --left) vertex.inputs.push_back(input());
    for (std::uint8_t left = byte() % 4; left > 0; --left) {
      IntermediateDataSet output{.id = {}, .edge = byte(), .partitioning = {}};
      read(output.id);
      const std::uint8_t exchange = byte();
      output.partitioning = static_cast<Partitioning>(exchange % 10);
      output.exchange = static_cast<ExchangeMode>(exchange / 100);
      vertex.outputs.push_back(output);
    }
    vertex.can_stop = byte() % 2 == 0;
    for (std::uint8_t left = byte() % 4; left > 0; --left)
      vertex.input_splits.push_back({.bytes = text(), .hosts = {"host"}});
    return vertex;
  }

  JobEdge input() {
    JobEdge edge;
    read(edge.data_set);
    read(edge.producer);
    edge.partitioning = static_cast<Partitioning>(byte() % 10);
    edge.input_index = byte() % 4;
    return edge;
  }

  const std::uint8_t* data_;
  std::size_t size_;
};

/// Deploys whatever is asked for and counts what is asked to end.
void carry_out(ExecutionGraph& graph, WallTime now) {
  for (auto effects = graph.take_effects(); !effects.empty(); effects = graph.take_effects()) {
    for (const Effect& effect : effects) {
      const auto* wanted = std::get_if<effects::RequestSlots>(&effect);
      if (wanted == nullptr) continue;
      std::vector<AssignedSlot> slots;
      for (std::uint64_t i = 0; i < wanted->requests.size(); ++i)
        slots.push_back(
            {.task_manager = {1, i % 3}, .data_address = "host:1", .slot = 0, .allocation = {1, i + 1}});
      graph.on_slots_assigned(wanted->version, std::move(slots), now);
    }
  }
}

void live_and_end(ExecutionGraph& graph) {
  WallTime now{};
  graph.schedule(now);
  carry_out(graph, now);
  (void)graph.stop();
  for (const ExecutionJobVertex& vertex : graph.vertices()) {
    for (const ExecutionVertex& subtask : vertex.subtasks())
      (void)graph.next_input_split(subtask.current().id());
  }
  graph.on_task_manager_lost({1, 0}, "lost", now += 1ms);
  carry_out(graph, now);
  graph.cancel(now += 1ms);
  graph.on_task_manager_lost({1, 1}, "lost", now += 1ms);
  graph.on_task_manager_lost({1, 2}, "lost", now += 1ms);
  carry_out(graph, now);
  require(is_terminal(graph.status()));
}

std::size_t subtasks_of(const JobGraph& job) {
  std::size_t sum = 0;
  for (const JobVertex& vertex : job.vertices) sum += vertex.parallelism;
  return sum;
}

}  // namespace
}  // namespace weir

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  const JobGraph job = Reader(data, size).graph();
  const Status valid = validate(job);
  if (!valid) {
    require(valid.error().code == ErrorCode::InvalidGraph && !valid.error().what.empty());
    return 0;
  }
  if (subtasks_of(job) > kMostSubtasks) return 0;
  auto graph =
      ExecutionGraph::build(job, {.restart_strategy = make_restart_strategy(job.restart)}, WallTime{});
  require(graph.has_value());
  live_and_end(*graph);
  return 0;
}

std::vector<std::string> weir::fuzz::seeds() {
  // id, name, library, queued, restart; then vertices: name, id, parallelism, maximum, groups, operators, id
  // from the head, inputs, outputs, stop, splits
  const std::string job("\x01\x01j\x00\x00\x01\x02\x14\x05", 9);
  const std::string source(
      "\x01s\x02\x02\x01\x00\x01\x01\x07\x01o\x02\x01\x00\x01\x05\x09\x06\x00\x02\x01x\x01y", 24);
  const std::string sink("\x01t\x03\x03\x01\x00\x01\x01\x08\x01p\x03\x01\x01\x09\x02\x06\x00\x00\x01\x00",
                         21);
  return {job + source + sink, job + source, job + sink + source};
}
