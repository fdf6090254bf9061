// SPDX-License-Identifier: Apache-2.0
#include "execution/task/operator_chain.h"

#include <algorithm>
#include <exception>
#include <map>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "execution/task/operator_backend.h"
#include "graph/latency_sums.h"

namespace weir {

namespace {

const OperatorFactory& factory_of(const StreamNode& node) {
  return static_cast<const OperatorFactory&>(*node.operator_factory);  // api/ puts nothing else there
}

const JobVertex& vertex_of(const Program& program, JobVertexId id) {
  const JobVertex* vertex = program.job_graph().find(id);
  WEIR_CHECK(vertex != nullptr, "the fingerprints agree but the vertex is unknown");
  return *vertex;
}

/// Where in its chain the operator of that node stands.
std::size_t position_of(const JobVertex& vertex, StreamNodeId node) {
  const auto found = std::find_if(vertex.operators.begin(), vertex.operators.end(),
                                  [&](const ChainedOperator& each) { return each.node == node; });
  WEIR_CHECK(found != vertex.operators.end(), "an edge leads neither into the chain nor out of the task");
  return static_cast<std::size_t>(found - vertex.operators.begin());
}

/// The vertex whose chain the operator of that node heads.
const JobVertex& consumer_of(const JobGraph& graph, StreamNodeId node) {
  const auto found = std::find_if(graph.vertices.begin(), graph.vertices.end(), [&](const JobVertex& vertex) {
    return vertex.operators.front().node == node;
  });
  WEIR_CHECK(found != graph.vertices.end(), "an edge out of a task leads to no head of a chain");
  return *found;
}

/// Calls an operator, so that what it throws carries its name.
template <class Call>
void attributed(const std::string& name, Call&& call) {
  try {
    call();
  } catch (...) {
    rethrow_attributed(name);
  }
}

}  // namespace

OperatorChain::OperatorChain(const Program& program, const TaskDeploymentDescriptor& task,
                             const Writers& writers, Accumulators& accumulators, StateEnvironment& state,
                             ProcessingTime& clock, TaskMail* mail,
                             const std::shared_ptr<Feedback>& feedback, const Workspaces* workspaces)
    : program_(program),
      vertex_(vertex_of(program, task.vertex)),
      task_(task),
      accumulators_(accumulators) {
  const Accumulators::Scope counted(accumulators_);  // the user's functions are copied from here on
  for (const ChainedOperator& each : vertex_.operators) {
    const OperatorFactory& factory = factory_of(program.stream_graph().node(each.node));
    auto context = std::make_unique<OperatorContext>(
        OperatorContext::Place{each.name, task.subtask_index, task.parallelism, task.max_parallelism,
                               task.is_checkpointed, task.job, each.id, task.attempt,
                               task.attempt_number, task.job_name});
    context->use_processing_time(clock);
    if (mail != nullptr) context->use_mail(*mail);
    context->use_feedback(feedback);
    context->use_latencies([this, &each](const LatencyMarker& marker) { note_latency(each.name, marker); });
    stateful_.insert(stateful_.begin(), {each.id, context.get()});
    attributed(each.name, [&] { set_up(*context, each, state, workspaces); });
    Link link{each.name, &factory, std::move(context)};
    attributed(each.name, [&] { link.instance = factory.make(); });
    link.instance->bind(*link.context);
    links_.push_back(std::move(link));
  }
  is_source_ = program.stream_graph().node(vertex_.operators.front().node).kind == StreamNode::Kind::Source;
  for (std::size_t link = links_.size(); link-- > 0;) {
    attributed(links_[link].name, [&] { wire(link, writers); });
  }
}

void OperatorChain::set_up(OperatorContext& context, const ChainedOperator& about, StateEnvironment& state,
                           const Workspaces* workspaces) {
  set_up_state(context, about.id, task_, state);
  const StreamGraph& graph = program_.stream_graph();
  const double share = managed_memory_share(graph, graph.node(about.node));
  if (share == 0 || workspaces == nullptr) return;
  auto workspace = workspaces->make(task_.slot, share);
  if (!workspace) throw std::runtime_error(workspace.error().what);
  workspace->mail = context.mail();
  context.use_workspace(*std::move(workspace));
}

OperatorChain::~OperatorChain() {
  try {
    close();
  } catch (...) {  // the task is failing already, and for an earlier reason
  }
}

void OperatorChain::note_latency(const std::string& operator_name, const LatencyMarker& marker) {
  const auto& nodes = program_.stream_graph().nodes();
  const auto source = std::ranges::find(nodes, static_cast<StreamNodeId>(marker.source), &StreamNode::id);
  if (source == nodes.end()) return;
  // Clocks of two machines differ: less than nothing is nothing.
  const std::int64_t micros = std::max<std::int64_t>(0, wall_micros() - marker.marked_at);
  const std::string name =
      latency_sum_name(display_name(*source), operator_name, static_cast<std::uint64_t>(micros));
  try {
    accumulators_.sum(name)->fetch_add(1, std::memory_order_relaxed);
  } catch (const std::length_error&) {  // the task counts so many things that this one finds no place
  }
}

void OperatorChain::wire(std::size_t link, const Writers& writers) {
  const StreamGraph& graph = program_.stream_graph();
  const StreamNodeId node = vertex_.operators[link].node;
  if (graph.node(node).kind == StreamNode::Kind::Sink) return;

  std::map<std::string_view, std::vector<std::uint32_t>> edges_of{
      {"", {}}};  // by tag; the main output is there
  for (const std::size_t edge : graph.out_edges(node))
    edges_of[graph.edges()[edge].side_output].push_back(static_cast<std::uint32_t>(edge));
  for (const auto& [tag, edges] : edges_of) wire_output(links_[link], edges, writers);
}

void OperatorChain::wire_output(Link& from, const std::vector<std::uint32_t>& edges, const Writers& writers) {
  const StreamGraph& graph = program_.stream_graph();
  const StreamEdge* const side = edges.empty() || graph.edges()[edges.front()].side_output.empty()
                                     ? nullptr
                                     : &graph.edges()[edges.front()];
  const RecordCargo& records =
      side != nullptr ? static_cast<const RecordCargo&>(*side->side_output_records) : from.factory->results();
  std::vector<AnyInput*> targets;
  for (const std::uint32_t edge : edges) {
    if (const auto writer = writers.find(edge); writer != writers.end()) {
      outputs_.push_back(make_writer(from, edge, *writer->second, records));
      targets.push_back(outputs_.back().get());
    } else {
      targets.push_back(&input_of(links_[position_of(vertex_, graph.edges()[edge].target)]));
    }
  }
  if (targets.size() != 1) {  // several consumers, or none at all
    outputs_.push_back(records.make_fan_out(targets));
    targets = {outputs_.back().get()};
  }
  if (side == nullptr) from.factory->set_output(*from.instance, *targets.front());
  else from.instance->add_side_output({side->side_output, records.type(), *targets.front()});
}

AnyInput& OperatorChain::input_of(Link& link) {
  link.attributed_input = link.factory->make_attributed_input(*link.instance);
  return link.attributed_input ? *link.attributed_input : link.factory->input_of(*link.instance);
}

std::vector<crash_report::NamedCode> OperatorChain::code() const {
  std::vector<crash_report::NamedCode> code;
  for (const Link& link : links_) {
    link.factory->append_code(*link.instance, link.attributed_input.get(), link.name.c_str(), code);
  }
  return code;
}

std::unique_ptr<AnyInput> OperatorChain::make_writer(const Link& from, std::uint32_t edge, RecordSink& sink,
                                                     const RecordCargo& records) const {
  const StreamEdge& about = program_.stream_graph().edges()[edge];
  sink.set_producer(from.name);
  if (!about.selector) return records.make_writer(about.partitioning, sink, task_.attempt.low ^ edge);
  const auto& selector = static_cast<const EdgeCargo&>(*about.selector);
  return selector.make_writer(sink, consumer_of(program_.job_graph(), about.target).max_parallelism);
}

void OperatorChain::open() {
  const Accumulators::Scope counted(accumulators_);
  set_time(SystemClock{}.wall_now());  // of what is restored, some may have expired
  for (auto link = links_.rbegin(); link != links_.rend(); ++link) {
    link->is_open = true;  // also if open() throws half-way: close() must come
    attributed(link->name, [&] {
      link->instance->open(*link->context);
      if (link->context->is_restored()) link->context->end_restore();
    });
    for (const StateInfo& state : link->context->keyed_state().states()) keeps_time_ |= state.expires;
  }
}

void OperatorChain::prepare_snapshot(CheckpointId checkpoint) {
  for (auto link = links_.rbegin(); link != links_.rend(); ++link)
    attributed(link->name, [&] { link->instance->snapshot(checkpoint); });
}

std::vector<OperatorChain::Stateful>& OperatorChain::stateful(CheckpointId checkpoint) {
  prepare_snapshot(checkpoint);
  return stateful_;
}

void OperatorChain::on_checkpoint_complete(CheckpointId checkpoint) {
  for (Link& link : links_) {
    link.context->shared_files().on_complete(checkpoint);
    attributed(link.name, [&] { link.instance->on_checkpoint_complete(checkpoint); });
  }
}

void OperatorChain::on_checkpoint_aborted(CheckpointId checkpoint) {
  for (Link& link : links_) {
    link.context->shared_files().on_aborted(checkpoint);
    attributed(link.name, [&] { link.instance->on_checkpoint_aborted(checkpoint); });
  }
}

bool OperatorChain::awaits_checkpoint() const {
  for (const Link& link : links_)
    if (link.instance->awaits_checkpoint()) return true;
  return false;
}

void OperatorChain::finish() {
  for (Link& link : links_) attributed(link.name, [&] { link.instance->finish(); });
}

void OperatorChain::set_time(WallTime now) {
  for (Link& link : links_) link.context->keyed_state().set_time(now);
}

void OperatorChain::on_round(const Round& round) {
  for (Link& link : links_) attributed(link.name, [&] { link.instance->on_round(round); });
}

void OperatorChain::on_idle() {
  for (Link& link : links_) attributed(link.name, [&] { link.instance->on_idle(); });
}

void OperatorChain::on_processing_time() {
  for (Link& link : links_) attributed(link.name, [&] { link.instance->on_processing_time(); });
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

AnySourceOperator& OperatorChain::source() {
  return static_cast<AnySourceOperator&>(*links_.front().instance);
}

AnyInput& OperatorChain::head_input(std::uint32_t input) {
  Link& head = links_.front();
  if (const auto face = faces_.find(input); face != faces_.end()) return *face->second;
  auto made = head.factory->make_face(*head.instance, input);
  return made ? *faces_.emplace(input, std::move(made)).first->second
              : head.factory->input_of(*head.instance);
}

std::unique_ptr<ElementReader> OperatorChain::make_reader(std::uint32_t input) {
  Link& head = links_.front();
  return head.factory->make_reader(*head.instance, head_input(input), input);
}

}  // namespace weir
