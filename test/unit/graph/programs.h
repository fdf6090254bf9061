// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "graph/job_graph_generator.h"
#include "graph/stream_graph.h"

namespace weir::testing {

inline StreamNode source(std::string name) {
  StreamNode node;
  node.kind = StreamNode::Kind::Source;
  node.name = std::move(name);
  node.output_type = "string";
  return node;
}

/// Willing to be chained, as most operators are.
inline StreamNode map(std::string name, std::uint32_t inputs = 1) {
  StreamNode node;
  node.name = std::move(name);
  node.input_count = inputs;
  node.chaining = ChainingStrategy::Always;
  return node;
}

inline StreamNode sink(std::string name) {
  StreamNode node = map(std::move(name));
  node.kind = StreamNode::Kind::Sink;
  return node;
}

/// Adds `node` behind `input`.
inline StreamNodeId then(StreamGraphBuilder& program, StreamNodeId input, StreamNode node) {
  const StreamNodeId id = program.add_node(std::move(node));
  program.connect(input, id);
  return id;
}

inline StreamGraph built(const StreamGraphBuilder& program) {
  auto graph = program.build();
  REQUIRE_MESSAGE(graph.has_value(), graph.error().what);
  return *std::move(graph);
}

inline std::string refusal(const StreamGraphBuilder& program) {
  const auto graph = program.build();
  REQUIRE_FALSE(graph.has_value());
  CHECK(graph.error().code == ErrorCode::InvalidGraph);
  CHECK(graph.error().what.find('\n') == std::string::npos);
  return graph.error().what;
}

inline JobGraph job_of(const StreamGraphBuilder& program) {
  auto job = generate_job_graph(built(program), JobId{.high = 7, .low = 7}, {});
  REQUIRE_MESSAGE(job.has_value(), job.error().what);
  return *std::move(job);
}

/// "source -> split" feeds "sum -> print" by key, each with the given parallelism.
inline StreamGraphBuilder word_count(std::uint32_t readers, std::uint32_t counters) {
  StreamGraphBuilder program;
  StreamNode text = source("text");
  text.parallelism = readers;
  StreamNode split = map("split");
  split.parallelism = readers;
  StreamNode sum = map("sum");
  sum.parallelism = counters;
  StreamNode print = sink("print");
  print.parallelism = counters;
  const auto words = then(program, program.add_node(std::move(text)), std::move(split));
  const auto keyed = program.add_partition(words, Partitioning::Hash);
  then(program, then(program, keyed, std::move(sum)), std::move(print));
  return program;
}

}  // namespace weir::testing
