// SPDX-License-Identifier: Apache-2.0
#include "execution/task/operator_chain.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace weir {

namespace {

const OperatorFactory& factory_of(const StreamNode& node) {
  return static_cast<const OperatorFactory&>(*node.operator_factory);  // api/ puts nothing else there
}

/// Calls an operator, so that what it throws carries its name.
template <class Call>
void attributed(const std::string& name, Call&& call) {
  try {
    call();
  } catch (const OperatorFailure&) {
    throw;
  } catch (const std::exception& error) {
    throw OperatorFailure(name, error.what());
  }
}

}  // namespace

OperatorChain::OperatorChain(const StreamGraph& graph, const JobVertex& vertex, const TaskDeploymentDescriptor& task,
                             const std::map<std::uint32_t, RecordWriter*>& writers) {
  for (const ChainedOperator& each : vertex.operators) {
    const OperatorFactory& factory = factory_of(graph.node(each.node));
    auto context = std::make_unique<OperatorContext>(OperatorContext::Place{
        each.name, task.subtask_index, task.parallelism, task.max_parallelism});
    Link link{each.name, &factory, std::move(context), factory.make()};
    link.instance->bind(*link.context);
    links_.push_back(std::move(link));
  }
  is_source_ = graph.node(vertex.operators.front().node).kind == StreamNode::Kind::Source;
  for (std::size_t link = links_.size(); link-- > 0;) wire(link, graph, vertex, task, writers);
}

OperatorChain::~OperatorChain() {
  try {
    close();
  } catch (...) {  // the task is failing already, and for an earlier reason
  }
}

void OperatorChain::wire(std::size_t link, const StreamGraph& graph, const JobVertex& vertex,
                         const TaskDeploymentDescriptor& task, const std::map<std::uint32_t, RecordWriter*>& writers) {
  const StreamNodeId node = vertex.operators[link].node;
  if (graph.node(node).kind == StreamNode::Kind::Sink) return;

  Link& from = links_[link];
  std::vector<AnyInput*> targets;
  for (const std::size_t edge : graph.out_edges(node)) {
    const auto index = static_cast<std::uint32_t>(edge);
    if (const auto writer = writers.find(index); writer != writers.end()) {
      outputs_.push_back(make_writer(from, graph, index, task, *writer->second));
      targets.push_back(outputs_.back().get());
      continue;
    }
    const auto chained = std::find_if(vertex.operators.begin(), vertex.operators.end(), [&](const ChainedOperator& op) {
      return op.node == graph.edges()[edge].target;
    });
    WEIR_CHECK(chained != vertex.operators.end(), "an edge leads neither into the chain nor out of the task");
    Link& to = links_[static_cast<std::size_t>(chained - vertex.operators.begin())];
    targets.push_back(&to.factory->input_of(*to.instance));
  }
  if (targets.size() != 1) {  // several consumers, or none at all
    outputs_.push_back(from.factory->make_fan_out(targets));
    targets = {outputs_.back().get()};
  }
  from.factory->set_output(*from.instance, *targets.front());
}

std::unique_ptr<AnyInput> OperatorChain::make_writer(const Link& from, const StreamGraph& graph, std::uint32_t edge,
                                                     const TaskDeploymentDescriptor& task, RecordSink& sink) const {
  const StreamEdge& about = graph.edges()[edge];
  if (about.selector) {
    const auto& selector = static_cast<const EdgeCargo&>(*about.selector);
    return selector.make_writer(sink, graph.node(about.target).max_parallelism);
  }
  return from.factory->make_writer(about.partitioning, sink, task.attempt.low ^ edge);
}

void OperatorChain::open() {
  for (auto link = links_.rbegin(); link != links_.rend(); ++link) {
    link->is_open = true;  // also if open() throws half-way: close() must come
    attributed(link->name, [&] { link->instance->open(*link->context); });
  }
}

void OperatorChain::finish() {
  for (Link& link : links_) attributed(link.name, [&] { link.instance->finish(); });
}

void OperatorChain::on_idle() {
  for (Link& link : links_) attributed(link.name, [&] { link.instance->on_idle(); });
}

void OperatorChain::close() {
  std::exception_ptr first;
  for (Link& link : links_) {
    if (!std::exchange(link.is_open, false)) continue;
    try {
      attributed(link.name, [&] { link.instance->close(); });
    } catch (...) {
      if (!first) first = std::current_exception();
    }
  }
  if (first) std::rethrow_exception(first);
}

AnySourceOperator& OperatorChain::source() { return static_cast<AnySourceOperator&>(*links_.front().instance); }

std::unique_ptr<ElementReader> OperatorChain::make_reader() {
  return links_.front().factory->make_reader(*links_.front().instance);
}

std::map<std::string, std::int64_t> OperatorChain::accumulators() const {
  std::map<std::string, std::int64_t> sums;
  for (const Link& link : links_) {
    for (const auto& [name, value] : link.context->accumulators()) sums[name] += value;
  }
  return sums;
}

}  // namespace weir
