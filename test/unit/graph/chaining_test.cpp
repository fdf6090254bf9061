// SPDX-License-Identifier: Apache-2.0
// A chain fuses what may be fused and nothing else: one test a condition. Each begins with a pair that is
// fused and takes one thing away.
#include "test/unit/graph/programs.h"

namespace weir {
using namespace testing;
namespace {

/// Two operators that fulfil all conditions.
struct Pair {
  StreamGraphBuilder program;
  StreamNodeId upstream = program.add_node(source("up"));
  StreamNodeId downstream = program.add_node(map("down"));

  bool is_chained() {
    const StreamGraph graph = built(program);
    return is_chainable(graph, graph.edges()[graph.in_edges(downstream).front()]);
  }
};

struct Connected : Pair {
  Connected() { program.connect(upstream, downstream); }
};

}  // namespace

TEST_CASE_FIXTURE(Connected, "all conditions hold: the two are fused") {
  program.node(upstream).chaining = ChainingStrategy::Head;
  CHECK(is_chained());
  program.node(upstream).chaining = ChainingStrategy::Always;
  CHECK(is_chained());
}

TEST_CASE_FIXTURE(Pair, "another parallelism is not fused, even over an edge that was forward") {
  program.node(downstream).parallelism = 2;
  program.connect(upstream, downstream);
  CHECK_FALSE(is_chained());
  // build() turns such an edge into a rebalance; the condition must hold by itself.
  const StreamGraph graph = built(program);
  StreamEdge edge = graph.edges().front();
  edge.partitioning = Partitioning::Forward;
  CHECK_FALSE(is_chainable(graph, edge));
}

TEST_CASE_FIXTURE(Connected, "an operator with a second input is not fused with either") {
  SUBCASE("a union") { program.connect(program.add_node(source("other")), downstream); }
  SUBCASE("a union with itself") { program.connect(upstream, downstream); }
  SUBCASE("a two-input operator") {
    program.node(downstream).input_count = 2;
    program.connect(program.add_node(source("other")), downstream, 1);
  }
  CHECK_FALSE(is_chained());
}

TEST_CASE_FIXTURE(Connected, "operators of different slot sharing groups are not fused") {
  program.node(downstream).slot_sharing_group = "other";
  CHECK_FALSE(is_chained());
}

TEST_CASE_FIXTURE(Connected, "an operator with partners of its own is not fused into another's chain") {
  program.node(downstream).co_location_group = "pair";
  CHECK_FALSE(is_chained());
  program.node(upstream).co_location_group = "pair";
  CHECK(is_chained());
  program.node(downstream).co_location_group.clear();
  CHECK(is_chained());
}

TEST_CASE_FIXTURE(Connected, "an operator that begins its own chain or stands alone does not join") {
  program.node(downstream).chaining = ChainingStrategy::Head;
  CHECK_FALSE(is_chained());
  program.node(downstream).chaining = ChainingStrategy::Never;
  CHECK_FALSE(is_chained());
}

TEST_CASE_FIXTURE(Connected, "an operator that stands alone is not joined") {
  program.node(upstream).chaining = ChainingStrategy::Never;
  CHECK_FALSE(is_chained());
}

TEST_CASE_FIXTURE(Pair, "only a forward edge is fused") {
  for (const auto partitioning :
       {Partitioning::Rebalance, Partitioning::Rescale, Partitioning::Shuffle, Partitioning::Broadcast,
        Partitioning::Global, Partitioning::Hash, Partitioning::Custom}) {
    Pair pair;
    pair.program.connect(pair.program.add_partition(pair.upstream, partitioning), pair.downstream);
    CAPTURE(name_of(partitioning));
    CHECK_FALSE(pair.is_chained());
  }
  program.connect(program.add_partition(upstream, Partitioning::Forward), downstream);
  CHECK(is_chained());
}

TEST_CASE_FIXTURE(Connected, "nothing is fused in a program without chaining") {
  program.settings().chaining = false;
  CHECK_FALSE(is_chained());
}

TEST_CASE_FIXTURE(Connected, "many consumers and a side output do not hinder") {
  then(program, upstream, map("sibling"));
  CHECK(is_chained());
  const auto sibling = then(program, upstream, map("sorter"));
  const auto late = then(program, program.add_side_output(sibling, "late"), map("late"));
  const StreamGraph graph = built(program);
  CHECK(is_chainable(graph, graph.edges()[graph.in_edges(late).front()]));
}

}  // namespace weir
