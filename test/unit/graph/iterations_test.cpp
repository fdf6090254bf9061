// SPDX-License-Identifier: Apache-2.0
// Iterations in the graph: what is said of their two ends, and what is refused because it would never end.
#include <string>
#include <vector>

#include "graph/execution_graph.h"
#include "graph/task_deployment.h"
#include "test/unit/graph/programs.h"

namespace weir {
using namespace testing;
namespace {

StreamNode beginning(const std::string& name = "Iteration") {
  StreamNode node = source(name);
  node.begins_iteration = true;
  node.chaining = ChainingStrategy::Never;
  return node;
}

StreamNode end_of(StreamNodeId head) {
  StreamNode node = sink("Iteration End");
  node.feedback_to = head;
  node.chaining = ChainingStrategy::Never;
  return node;
}

/// text, and what is fed back, go through "step"; what it makes is fed back and printed.
struct Loop {
  StreamGraphBuilder program;
  StreamNodeId text = program.add_node(source("text"));
  StreamNodeId head = program.add_node(beginning());
  StreamNodeId whole = program.add_union({text, head});
  StreamNodeId step = then(program, whole, map("step"));
  StreamNodeId print = then(program, step, sink("print"));
};

struct ClosedLoop : Loop {
  StreamNodeId end = then(program, step, end_of(head));
};

TEST_CASE_FIXTURE(ClosedLoop, "the two ends of an iteration have one parallelism and stand in one place") {
  program.settings().parallelism = 2;
  program.node(head).parallelism = 3;
  program.node(head).slot_sharing_group = "loops";
  const StreamGraph graph = built(program);
  CHECK(graph.node(end).parallelism == 3);
  CHECK(graph.node(end).slot_sharing_group == "loops");
  CHECK_FALSE(graph.node(head).co_location_group.empty());
  CHECK(graph.node(end).co_location_group == graph.node(head).co_location_group);

  const JobGraph job = job_of(program);
  CHECK(job.vertices.size() == 4);
  const JobVertex& last = job.vertices.back();
  REQUIRE_FALSE(last.feedback_to.is_none());
  CHECK(job.find(last.feedback_to)->name == "Source: Iteration");
}

TEST_CASE_FIXTURE(ClosedLoop, "the tasks of both ends are told the beginning's attempt, others none") {
  program.settings().parallelism = 2;
  auto graph = ExecutionGraph::build(job_of(program), {}, {});
  REQUIRE(graph.has_value());
  const auto& vertices = graph->vertices();
  const auto feedback_of = [&](const std::string& name, std::uint32_t subtask) {
    for (std::size_t v = 0; v < vertices.size(); ++v) {
      JobGraph lazy = graph->job_graph();
      lazy.schedule_mode = ScheduleMode::LazyFromSources;  // nobody has a slot yet
      if (vertices[v].definition().name == name)
        return describe_deployment(lazy, vertices, v, subtask).feedback;
    }
    FAIL("there is no such vertex");
    return ExecutionAttemptId{};
  };
  for (const std::uint32_t subtask : {0u, 1u}) {
    CHECK_FALSE(feedback_of("Source: Iteration", subtask).is_none());
    CHECK(feedback_of("Source: Iteration", subtask) == feedback_of("Sink: Iteration End", subtask));
    CHECK(feedback_of("Source: text", subtask).is_none());
  }
  CHECK(feedback_of("Source: Iteration", 0) != feedback_of("Source: Iteration", 1));
}

TEST_CASE_FIXTURE(Loop, "an iteration without an end is refused by its name") {
  program.node(head).name = "walk";
  CHECK(refusal(program) ==
        "iteration \"walk\" (operator 2) has no end: close_with() says what is fed back to it");
}

TEST_CASE_FIXTURE(Loop, "an iteration that is closed with what does not come out of it is refused") {
  then(program, text, end_of(head));
  CHECK(refusal(program) ==
        "iteration \"Iteration\" (operator 2) is closed with a stream that does not come out of it: its "
        "records would never go round");
}

TEST_CASE_FIXTURE(Loop, "an iteration that is closed with itself is refused") {
  const auto end = program.add_node(end_of(head));
  program.connect(program.add_union({whole, step}), end);
  CHECK(refusal(program).find("is closed with itself: its records would go round for ever") !=
        std::string::npos);
}

TEST_CASE_FIXTURE(Loop, "a blocking exchange inside is refused") {
  const auto slow = then(program, program.add_exchange(step, ExchangeMode::Blocking), map("slow"));
  then(program, slow, end_of(head));
  CHECK(refusal(program) ==
        "iteration \"Iteration\" (operator 2) has a blocking exchange inside: what reads it would wait for "
        "its own end");
}

TEST_CASE_FIXTURE(ClosedLoop, "an iteration inside another one is refused, one behind another is not") {
  const auto second = program.add_node(beginning("second"));
  const auto both = then(program, program.add_union({step, second}), map("both"));
  then(program, both, end_of(second));
  CHECK(program.build().has_value());

  const auto outer = program.add_node(beginning("outer"));
  program.connect(outer, step);
  then(program, both, end_of(outer));
  CHECK(refusal(program).find("share operator") != std::string::npos);
}

TEST_CASE_FIXTURE(ClosedLoop, "a job whose ends of an iteration do not meet is refused by the JobManager") {
  JobGraph job = job_of(program);
  JobVertex& last = job.vertices.back();
  REQUIRE(validate(job).has_value());
  SUBCASE("elsewhere") {
    last.co_location_group = "";
    CHECK(validate(job).error().what.find("must be co-located") != std::string::npos);
  }
  SUBCASE("to nobody") {
    last.feedback_to = {7, 7};
    CHECK(validate(job).error().what.find("not the beginning of its iteration") != std::string::npos);
  }
  SUBCASE("to one that reads") {
    last.feedback_to = job.vertices[2].id;
    CHECK(validate(job).error().what.find("not the beginning of its iteration") != std::string::npos);
  }
}

}  // namespace
}  // namespace weir
