// SPDX-License-Identifier: Apache-2.0
#include "test/unit/graph/running_job.h"

namespace weir {
using namespace testing;
using Location = InputChannelDescriptor::Location;
namespace {

TaskDeploymentDescriptor deployed(RunningJob& job, const std::string& vertex, std::uint32_t subtask) {
  for (const auto& deploy : job.written<effects::DeployTask>()) {
    if (deploy.task.task_name == vertex && deploy.task.subtask_index == subtask) return deploy.task;
  }
  FAIL("not deployed");
  return {};
}

}  // namespace

TEST_CASE("a deployment says who, what and where") {
  StreamGraphBuilder program = word_count(1, 2);
  program.settings().job_name = "words";
  program.node(4).max_parallelism = 10;
  JobGraph graph = job_of(program);
  graph.program = {.library = "lib.so", .arguments = {"--x"}, .default_parallelism = 1, .fingerprint = 3};
  RunningJob job(graph);
  job.deploy();
  const auto deploys = job.written<effects::DeployTask>();
  REQUIRE(deploys.size() == 3);
  CHECK(deploys[2].slot == RunningJob::slot(1));
  const TaskDeploymentDescriptor& task = deploys[2].task;
  CHECK(task.job == graph.id);
  CHECK(task.job_name == "words");
  CHECK(task.program == graph.program);
  CHECK(task.vertex == graph.vertices[1].id);
  CHECK(task.display_name() == "sum -> Sink: print (2/2)");
  CHECK(task.attempt == job.task(kCount, 1).id());
  CHECK(task.allocation == RunningJob::slot(1).allocation);
  CHECK(task.max_parallelism == 10);
  CHECK(task.attempt_number == 0);
  CHECK(task.slot == 0);
}

TEST_CASE("a producer on the same TaskManager is read locally, another one at its address") {
  RunningJob job(job_of(word_count(2, 2)));
  job.deploy();
  const auto reader = deployed(job, kRead, 1);
  const auto counter = deployed(job, kCount, 1);
  REQUIRE(counter.inputs.size() == 1);
  const InputGateDescriptor& gate = counter.inputs[0];
  CHECK(gate.edge == 1);
  CHECK(gate.data_set == job.graph().job_graph().vertices[0].outputs[0].id);
  REQUIRE(gate.channels.size() == 2);
  CHECK(gate.channels[0] ==
        InputChannelDescriptor{{gate.data_set, 0, job.task(kRead, 0).id()}, 1, Location::Remote, "host0:1"});
  CHECK(gate.channels[1] ==
        InputChannelDescriptor{{gate.data_set, 1, reader.attempt}, 1, Location::Local, ""});
}

TEST_CASE("a partition has one subpartition a consumer and knows the consumers' maximum parallelism") {
  StreamGraphBuilder program = word_count(1, 3);
  program.node(4).max_parallelism = 30;
  RunningJob job(job_of(program));
  job.deploy();
  const auto reader = deployed(job, kRead, 0);
  const auto data_set = job.graph().job_graph().vertices[0].outputs[0].id;
  CHECK(reader.outputs == std::vector{ResultPartitionDescriptor{{data_set, 0, reader.attempt}, 3, 1, 30}});
  CHECK(reader.inputs.empty());
  CHECK(deployed(job, kCount, 2).inputs[0].channels[0].subpartition == 2);
  CHECK(deployed(job, kCount, 2).outputs.empty());
}

TEST_CASE("a rescaled edge wires each reader to its own consumers only") {
  StreamGraphBuilder program;
  StreamNode text = source("text");
  text.parallelism = 2;
  StreamNode count = map("count");
  count.parallelism = 5;
  const auto rescaled = program.add_partition(program.add_node(std::move(text)), Partitioning::Rescale);
  then(program, rescaled, std::move(count));
  RunningJob job(job_of(program));
  job.deploy();
  CHECK(deployed(job, "Source: text", 0).outputs[0].subpartition_count == 3);
  CHECK(deployed(job, "Source: text", 1).outputs[0].subpartition_count == 2);
  const auto last = deployed(job, "count", 4);
  REQUIRE(last.inputs[0].channels.size() == 1);
  CHECK(last.inputs[0].channels[0].partition.partition == 1);
  CHECK(last.inputs[0].channels[0].subpartition == 1);
}

TEST_CASE("a union of two vertices is two gates on one input") {
  StreamGraphBuilder program;
  const auto a = program.add_node(source("a"));
  const auto b = program.add_node(source("b"));
  then(program, program.add_union({a, b}), map("count"));
  RunningJob job(job_of(program));
  job.deploy();
  const auto count = deployed(job, "count", 0);
  REQUIRE(count.inputs.size() == 2);
  CHECK(count.inputs[0].input_index == 0);
  CHECK(count.inputs[1].input_index == 0);
  CHECK(count.inputs[0].edge == 0);
  CHECK(count.inputs[1].edge == 1);
}

}  // namespace weir
