// SPDX-License-Identifier: Apache-2.0
#include "graph/stream_graph.h"

#include "test/unit/graph/programs.h"

namespace weir {
using namespace testing;
namespace {

struct Selector final : Cargo {};

StreamEdge only_edge_into(const StreamGraph& graph, StreamNodeId target) {
  const auto edges = graph.in_edges(target);
  REQUIRE(edges.size() == 1);
  return graph.edges()[edges.front()];
}

}  // namespace

TEST_CASE(
    "an edge that says nothing forwards between equal parallelisms and rebalances between unequal ones") {
  StreamGraphBuilder program;
  const auto text = program.add_node(source("text"));
  const auto same = then(program, text, map("same"));
  StreamNode wide = map("wide");
  wide.parallelism = 3;
  const auto other = then(program, same, std::move(wide));
  const StreamGraph graph = built(program);
  CHECK(only_edge_into(graph, same).partitioning == Partitioning::Forward);
  CHECK(only_edge_into(graph, other).partitioning == Partitioning::Rebalance);
}

TEST_CASE("of two partitionings in a row the one nearest to the consumer wins, with its selector") {
  StreamGraphBuilder program;
  const auto key = std::make_shared<const Selector>();
  const auto other_key = std::make_shared<const Selector>();
  const auto text = program.add_node(source("text"));
  const auto far = program.add_partition(text, Partitioning::Custom, other_key);
  const auto near = program.add_partition(far, Partitioning::Hash, key);
  const auto sum = then(program, near, map("sum"));
  const StreamEdge edge = only_edge_into(built(program), sum);
  CHECK(edge.source == text);
  CHECK(edge.partitioning == Partitioning::Hash);
  CHECK(edge.selector == key);
}

TEST_CASE("a selector never survives the partitioning it belongs to") {
  StreamGraphBuilder program;
  const auto text = program.add_node(source("text"));
  const auto keyed = program.add_partition(text, Partitioning::Hash, std::make_shared<const Selector>());
  const auto sum = then(program, program.add_partition(keyed, Partitioning::Broadcast), map("sum"));
  const StreamEdge edge = only_edge_into(built(program), sum);
  CHECK(edge.partitioning == Partitioning::Broadcast);
  CHECK(edge.selector == nullptr);
}

TEST_CASE("the side output and the selection nearest to the consumer win") {
  StreamGraphBuilder program;
  const auto text = then(program, program.add_node(source("text")), map("split"));
  const auto late = program.add_side_output(program.add_side_output(text, "far"), "late");
  const auto even = program.add_select(program.add_select(late, {"odd"}), {"even", "zero"});
  const auto count = then(program, even, map("count"));
  const StreamEdge edge = only_edge_into(built(program), count);
  CHECK(edge.side_output == "late");
  CHECK(edge.selected_names == std::vector<std::string>{"even", "zero"});
}

TEST_CASE("a source has no side outputs") {
  StreamGraphBuilder program;
  const auto text = program.add_node(source("text"));
  then(program, program.add_side_output(text, "late"), map("count"));
  const auto graph = program.build();
  REQUIRE(!graph.has_value());
  CHECK(graph.error().what == "operator 1 \"Source: text\" is a source and has no side output \"late\"");
}

TEST_CASE("a union becomes one edge a producer, in the order of its inputs, each with its own partitioning") {
  StreamGraphBuilder program;
  const auto a = program.add_node(source("a"));
  const auto b = program.add_node(source("b"));
  const auto c = program.add_node(source("c"));
  const auto inner = program.add_union({b, program.add_partition(c, Partitioning::Shuffle)});
  const auto all = program.add_union({inner, a});
  const auto count = then(program, all, map("count"));
  const StreamGraph graph = built(program);
  REQUIRE(graph.edges().size() == 3);
  CHECK(graph.edges()[0].describe() == std::to_string(b) + "->" + std::to_string(count));
  CHECK(graph.edges()[1].source == c);
  CHECK(graph.edges()[1].partitioning == Partitioning::Shuffle);
  CHECK(graph.edges()[2].source == a);
  CHECK(graph.edges()[2].partitioning == Partitioning::Forward);
}

TEST_CASE("a partitioning behind a union holds for all of its inputs") {
  StreamGraphBuilder program;
  const auto a = program.add_node(source("a"));
  const auto b = program.add_node(source("b"));
  const auto keyed = program.add_partition(program.add_union({a, b}), Partitioning::Hash);
  then(program, keyed, map("sum"));
  const StreamGraph graph = built(program);
  REQUIRE(graph.edges().size() == 2);
  for (const StreamEdge& edge : graph.edges()) CHECK(edge.partitioning == Partitioning::Hash);
}

TEST_CASE("edges into a two-input operator ascend by input, however they were connected") {
  StreamGraphBuilder program;
  const auto a = program.add_node(source("a"));
  const auto b = program.add_node(source("b"));
  const auto join = program.add_node(map("join", 2));
  program.connect(b, join, 1);
  program.connect(a, join, 0);
  const StreamGraph graph = built(program);
  CHECK(graph.edges()[0].source == a);
  CHECK(graph.edges()[1].source == b);
  CHECK(graph.edges()[1].input_index == 1);
}

TEST_CASE("settings of the program hold where an operator says nothing") {
  StreamGraphBuilder program;
  program.settings().parallelism = 4;
  program.settings().max_parallelism = 64;
  program.settings().buffer_timeout = std::chrono::milliseconds(5);
  StreamNode own = source("own");
  own.parallelism = 2;
  own.max_parallelism = 16;
  own.buffer_timeout = std::chrono::milliseconds(0);
  const auto a = program.add_node(std::move(own));
  const auto b = then(program, a, map("inherits"));
  const StreamGraph graph = built(program);
  CHECK(graph.node(a).parallelism == 2);
  CHECK(graph.node(a).max_parallelism == 16);
  CHECK(graph.node(a).buffer_timeout == std::chrono::milliseconds(0));
  CHECK(graph.node(b).parallelism == 4);
  CHECK(graph.node(b).max_parallelism == 64);
  CHECK(graph.node(b).buffer_timeout == std::chrono::milliseconds(5));
}

TEST_CASE("a slot sharing group is inherited when all inputs agree, else it is the default one") {
  StreamGraphBuilder program;
  StreamNode left = source("left");
  left.slot_sharing_group = "io";
  const auto a = program.add_node(std::move(left));
  const auto b = program.add_node(source("right"));
  const auto alone = then(program, a, map("alone"));
  const auto agreed = then(program, program.add_union({a, alone}), map("agreed"));
  const auto mixed = then(program, program.add_union({a, b}), map("mixed"));
  StreamNode own = map("own");
  own.slot_sharing_group = "heavy";
  const auto explicit_group = then(program, mixed, std::move(own));
  const StreamGraph graph = built(program);
  CHECK(graph.node(b).slot_sharing_group == "default");
  CHECK(graph.node(alone).slot_sharing_group == "io");
  CHECK(graph.node(agreed).slot_sharing_group == "io");
  CHECK(graph.node(mixed).slot_sharing_group == "default");
  CHECK(graph.node(explicit_group).slot_sharing_group == "heavy");
}

TEST_CASE("a program without operators is refused") {
  CHECK(refusal(StreamGraphBuilder()) == "the program has no operators; begin with a source");
}

TEST_CASE("forward between unequal parallelisms is refused with both operators and their numbers") {
  StreamGraphBuilder program;
  StreamNode text = source("text");
  text.parallelism = 2;
  const auto a = program.add_node(std::move(text));
  StreamNode count = map("count");
  count.parallelism = 4;
  then(program, program.add_partition(a, Partitioning::Forward), std::move(count));
  CHECK(refusal(program) ==
        "forward from operator 1 \"Source: text\" with parallelism 2 to operator 3 \"count\" with "
        "parallelism 4 is not "
        "possible: they must be equal; use rescale or rebalance");
}

TEST_CASE("an operator that is not connected is named") {
  StreamGraphBuilder program;
  const auto text = program.add_node(source("text"));
  SUBCASE("a sink without input") {
    program.add_node(sink("print"));
    CHECK(refusal(program) ==
          "operator 2 \"Sink: print\" is not connected: its input 1 of 1 reads from nowhere");
  }
  SUBCASE("the second input of two") {
    then(program, text, map("join", 2));
    CHECK(refusal(program) == "operator 2 \"join\" is not connected: its input 2 of 2 reads from nowhere");
  }
  SUBCASE("behind a union of nothing") {
    then(program, program.add_union({}), map("count"));
    CHECK(refusal(program) == "operator 3 \"count\" is not connected: its input 1 of 1 reads from nowhere");
  }
  SUBCASE("an operator that could never have one") {
    program.add_node(map("count", 0));
    CHECK(refusal(program) == "operator 2 \"count\" has no input and is no source");
  }
}

TEST_CASE("an input that does not exist is refused") {
  StreamGraphBuilder program;
  const auto text = program.add_node(source("text"));
  SUBCASE("a third input of two") {
    const auto join = program.add_node(map("join", 2));
    program.connect(text, join, 2);
    CHECK(refusal(program) == "operator 2 \"join\" has 2 inputs, but its input 3 is connected");
  }
  SUBCASE("a stream of another program") {
    then(program, 99, map("count"));
    CHECK(refusal(program) == "an input of operator 2 \"count\" comes from another program");
  }
  SUBCASE("a virtual node that reads itself") {
    then(program, program.add_union({2}), map("count"));
    CHECK(refusal(program) == "an input of operator 3 \"count\" comes from another program");
  }
  SUBCASE("a source that reads") {
    StreamNode odd = source("odd");
    odd.input_count = 1;
    then(program, text, std::move(odd));
    CHECK(refusal(program) == "operator 2 \"Source: odd\" is a source but has inputs");
  }
}

TEST_CASE("a cycle is refused and told, without what only hangs on it") {
  StreamGraphBuilder program;
  const auto text = program.add_node(source("text"));
  const auto merge = program.add_node(map("merge", 2));
  const auto step = then(program, merge, map("step"));
  then(program, step, sink("print"));
  program.connect(text, merge, 0);
  program.connect(program.add_partition(step, Partitioning::Rebalance), merge, 1);
  CHECK(refusal(program) ==
        "operator 2 \"merge\" -> \"step\" -> \"merge\" form a cycle; records would never leave it");
}

TEST_CASE("an operator that feeds itself is a cycle") {
  StreamGraphBuilder program;
  const auto loop = program.add_node(map("loop"));
  program.connect(loop, loop);
  CHECK(refusal(program) == "operator 1 \"loop\" -> \"loop\" form a cycle; records would never leave it");
}

TEST_CASE("a parallelism out of its bounds is refused") {
  StreamGraphBuilder program;
  StreamNode text = source("text");
  SUBCASE("zero") {
    program.settings().parallelism = 0;
    program.add_node(std::move(text));
    CHECK(refusal(program) == "operator 1 \"Source: text\" has parallelism 0; it must be at least 1");
  }
  SUBCASE("above its own maximum") {
    text.parallelism = 5;
    text.max_parallelism = 4;
    program.add_node(std::move(text));
    CHECK(refusal(program) == "operator 1 \"Source: text\" has parallelism 5 but may have at most 4");
  }
  SUBCASE("above what any operator may have") {
    text.parallelism = kMaxParallelismLimit + 1;
    program.add_node(std::move(text));
    CHECK(refusal(program) == "operator 1 \"Source: text\" has parallelism 32769 but may have at most 32768");
  }
  SUBCASE("a maximum above the limit") {
    program.settings().max_parallelism = kMaxParallelismLimit + 1;
    program.add_node(std::move(text));
    CHECK(refusal(program) ==
          "operator 1 \"Source: text\" has maximum parallelism 32769; the limit is 32768");
  }
}

TEST_CASE("a uid used twice is refused with both operators") {
  StreamGraphBuilder program;
  StreamNode text = source("text");
  text.uid = "words";
  StreamNode count = map("count");
  count.uid = "words";
  then(program, program.add_node(std::move(text)), std::move(count));
  CHECK(refusal(program) ==
        "operator 1 \"Source: text\" and operator 2 \"count\" have the same uid \"words\"");
}

TEST_CASE("a uid hash is 32 hex digits, and one operator's") {
  StreamGraphBuilder program;
  StreamNode text = source("text");
  text.uid_hash = "0123456789abcdef0123456789abcdef";
  const auto a = program.add_node(std::move(text));
  StreamNode count = map("count");
  SUBCASE("another one is fine") {
    count.uid_hash = "ffffffffffffffff0123456789abcdef";
    then(program, a, std::move(count));
    built(program);
  }
  SUBCASE("too short") {
    count.uid_hash = "123";
    then(program, a, std::move(count));
    CHECK(refusal(program) == "operator 2 \"count\" has the uid hash \"123\"; it must be 32 hex digits");
  }
  SUBCASE("used twice") {
    count.uid_hash = "0123456789abcdef0123456789abcdef";
    then(program, a, std::move(count));
    CHECK(refusal(program) == "operator 1 \"Source: text\" and operator 2 \"count\" have the same uid hash");
  }
}

}  // namespace weir
