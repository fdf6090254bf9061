// SPDX-License-Identifier: Apache-2.0
#include "graph/job_graph.h"

#include "test/unit/graph/programs.h"

namespace weir {
using namespace testing;

TEST_CASE("word count is two vertices with one data set between them") {
  StreamGraphBuilder program = word_count(2, 3);
  program.node(4).uid = "sum";
  const JobGraph job = job_of(program);
  REQUIRE(job.vertices.size() == 2);
  const JobVertex& read = job.vertices[0];
  const JobVertex& count = job.vertices[1];
  CHECK(read.name == "Source: text -> split");
  CHECK(read.parallelism == 2);
  CHECK(read.inputs.empty());
  CHECK(count.name == "sum -> Sink: print");
  CHECK(count.parallelism == 3);
  CHECK(count.outputs.empty());
  REQUIRE(count.operators.size() == 2);
  CHECK(count.operators[0] == ChainedOperator{OperatorId{count.id.high, count.id.low}, 4, "sum", "sum"});
  CHECK(count.operators[1].name == "Sink: print");
  REQUIRE(read.outputs.size() == 1);
  CHECK(read.outputs[0].edge == 1);
  CHECK(count.inputs == std::vector{JobEdge{read.outputs[0].id, read.id, Partitioning::Hash, 0}});
}

TEST_CASE("a job graph is the same for each build of a program") {
  CHECK(job_of(word_count(2, 3)) == job_of(word_count(2, 3)));
}

TEST_CASE("a chain that branches is named with brackets") {
  StreamGraphBuilder program;
  const auto text = program.add_node(source("A"));
  const auto left = then(program, text, map("B"));
  then(program, text, map("C"));
  then(program, left, sink("D"));
  then(program, left, sink("E"));
  const JobGraph job = job_of(program);
  REQUIRE(job.vertices.size() == 1);
  CHECK(job.vertices[0].name == "Source: A -> (B -> (Sink: D, Sink: E), C)");
  std::vector<StreamNodeId> order;
  for (const ChainedOperator& chained : job.vertices[0].operators) order.push_back(chained.node);
  CHECK(order == std::vector<StreamNodeId>{1, 2, 4, 5, 3});
}

TEST_CASE("the members of a chain write the data sets of its vertex, one an edge") {
  StreamGraphBuilder program;
  const auto text = program.add_node(source("A"));
  const auto split = then(program, text, map("B"));
  const auto by_key = then(program, program.add_partition(split, Partitioning::Hash), map("C"));
  const auto all = then(program, program.add_partition(text, Partitioning::Broadcast), map("D"));
  const auto join = program.add_node(map("E", 2));
  program.connect(all, join, 1);
  program.connect(by_key, join, 0);
  const JobGraph job = job_of(program);
  REQUIRE(job.vertices.size() == 4);
  CHECK(job.vertices[0].name == "Source: A -> B");
  REQUIRE(job.vertices[0].outputs.size() == 2);
  CHECK(job.vertices[0].outputs[0].partitioning == Partitioning::Hash);
  CHECK(job.vertices[0].outputs[1].partitioning == Partitioning::Broadcast);
  CHECK(job.vertices[0].outputs[0].id != job.vertices[0].outputs[1].id);
  const JobVertex& last = job.vertices[3];
  REQUIRE(last.inputs.size() == 2);
  CHECK(last.inputs[0].producer == job.vertices[1].id);
  CHECK(last.inputs[1].producer == job.vertices[2].id);
  CHECK(last.inputs[1].input_index == 1);
}

TEST_CASE("producers come before consumers even where the program named them late") {
  StreamGraphBuilder program;
  const auto print = program.add_node(sink("print"));
  const auto late = program.add_node(source("late"));
  program.connect(program.add_partition(late, Partitioning::Rebalance), print);
  const JobGraph job = job_of(program);
  CHECK(job.vertices[0].name == "Source: late");
  CHECK(job.vertices[1].name == "Sink: print");
}

TEST_CASE("a job needs, for each sharing group, the highest parallelism in it") {
  StreamGraphBuilder program = word_count(2, 5);
  CHECK(job_of(program).required_slots() == 5);
  program.node(4).slot_sharing_group = "heavy";
  CHECK(job_of(program).required_slots() == 7);  // the sink inherits the group
}

TEST_CASE("a maximum parallelism that is not set leaves room to grow") {
  CHECK(default_max_parallelism(1) == 128);
  CHECK(default_max_parallelism(85) == 128);  // 85 + 42 = 127
  CHECK(default_max_parallelism(86) == 256);  // 86 + 43 = 129
  CHECK(default_max_parallelism(170) == 256);
  CHECK(default_max_parallelism(171) == 256);  // 171 + 85 = 256
  CHECK(default_max_parallelism(172) == 512);
  CHECK(default_max_parallelism(30000) == 32768);
  CHECK(default_max_parallelism(32768) == 32768);
  CHECK(default_max_parallelism(0xffffffff) == 32768);

  StreamGraphBuilder program = word_count(2, 2);
  program.node(4).max_parallelism = 10;
  const JobGraph job = job_of(program);
  CHECK(job.vertices[0].max_parallelism == 128);
  CHECK_FALSE(job.vertices[0].max_parallelism_is_set);
  CHECK(job.vertices[1].max_parallelism == 10);
  CHECK(job.vertices[1].max_parallelism_is_set);
}

TEST_CASE("a fingerprint sees structure, names, uids, types and parallelism") {
  const auto before = fingerprint_of(built(word_count(2, 3)));
  CHECK(fingerprint_of(built(word_count(2, 3))) == before);
  CHECK(fingerprint_of(built(word_count(3, 3))) != before);
  StreamGraphBuilder program = word_count(2, 3);
  SUBCASE("a name") { program.node(2).name = "other"; }
  SUBCASE("a uid") { program.node(2).uid = "other"; }
  SUBCASE("a type") { program.node(2).output_type = "int"; }
  SUBCASE("a sharing group") { program.node(2).slot_sharing_group = "other"; }
  SUBCASE("chaining") { program.settings().chaining = false; }
  SUBCASE("one more") { then(program, 2, map("more")); }
  SUBCASE("letters that move from one text to the next") {
    program.node(2).input_type = "s";
    program.node(2).output_type = "tring";
    const auto moved = fingerprint_of(built(program));
    program.node(2).input_type = "st";
    program.node(2).output_type = "ring";
    CHECK(fingerprint_of(built(program)) != moved);
  }
  CHECK(fingerprint_of(built(program)) != before);
}

TEST_CASE("a fingerprint does not see what other processes need not agree on") {
  StreamGraphBuilder program = word_count(2, 3);
  const auto before = fingerprint_of(built(program));
  program.settings().job_name = "other";
  program.node(2).buffer_timeout = std::chrono::milliseconds(1);
  CHECK(fingerprint_of(built(program)) == before);
}

}  // namespace weir
