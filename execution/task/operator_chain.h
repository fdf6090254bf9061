// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "execution/operators/accumulators.h"
#include "execution/operators/operator_factory.h"
#include "execution/task/program.h"
#include "execution/task/record_writer.h"
#include "execution/task/state_environment.h"
#include "execution/task/workspaces.h"
#include "graph/deployment.h"
#include "graph/job_graph.h"

namespace weir {

/// The operators of one task, wired: each calls the next, the last ones call the writers of the outgoing
/// edges.
///
/// Threads: the task's.
/// Order:   operators are made and opened tail first, so that nobody is called before it is open; finished
///          and closed head first, so that what one holds back still passes through the others.
class OperatorChain {
public:
  using Writers = std::map<std::uint32_t, RecordWriter*>;

  /// `writers` by edge of the stream graph; they and all others outlive this.
  OperatorChain(const Program& program, const TaskDeploymentDescriptor& task, const Writers& writers,
                Accumulators& accumulators, StateEnvironment& state,
                ProcessingTime& clock = no_processing_time(), TaskMail* mail = nullptr,
                const std::shared_ptr<Feedback>& feedback = nullptr,
                const Workspaces* workspaces = nullptr);
  ~OperatorChain();

  void open();
  void finish();
  void on_round(const Round& round);
  void on_idle();
  void on_processing_time();
  /// Whether some state expires, so that set_time() must be called now and then. Once it is open.
  [[nodiscard]] bool keeps_time() const { return keeps_time_; }
  void set_time(WallTime now);
  /// Closes what was opened, once. The first exception is thrown when all have been closed.
  void close();

  /// An operator and where its state is.
  struct Stateful {
    OperatorId id;
    OperatorContext* context = nullptr;
  };
  /// Has every operator put what belongs to this checkpoint into its state. The tail comes first: it holds
  /// what the others gave to it.
  void prepare_snapshot(CheckpointId checkpoint);
  /// The same, and says where that is. Good until the next call.
  [[nodiscard]] std::vector<Stateful>& stateful(CheckpointId checkpoint);
  /// Of operators that have finished, as they left it.
  [[nodiscard]] std::vector<Stateful>& stateful_at_the_end() { return stateful_; }
  void on_checkpoint_complete(CheckpointId checkpoint);
  void on_checkpoint_aborted(CheckpointId checkpoint);
  [[nodiscard]] bool awaits_checkpoint() const;

  [[nodiscard]] bool begins_with_source() const { return is_source_; }
  [[nodiscard]] AnySourceOperator& source();
  /// The head's receiving face of that input, the same one each time.
  [[nodiscard]] AnyInput& head_input(std::uint32_t input);
  /// Reads buffers into it.
  [[nodiscard]] std::unique_ptr<ElementReader> make_reader(std::uint32_t input);
  /// The operator that is to blame for what no operator put its name to.
  [[nodiscard]] const std::string& head_name() const { return links_.front().name; }
  /// Where the operators' code begins, under their names.
  [[nodiscard]] std::vector<crash_report::NamedCode> code() const;

private:
  struct Link {
    std::string name;
    const OperatorFactory* factory = nullptr;
    std::unique_ptr<OperatorContext> context;
    std::unique_ptr<Operator> instance;
    std::unique_ptr<AnyInput> attributed_input = nullptr;  // what calls it, if that is not itself
    bool is_open = false;
  };

  void set_up(OperatorContext& context, const ChainedOperator& about, StateEnvironment& state,
              const Workspaces* workspaces);
  void note_latency(const std::string& operator_name, const LatencyMarker& marker);
  void wire(std::size_t link, const Writers& writers);
  /// What reads one output of an operator, the main one or that of a tag: edges of the graph.
  void wire_output(Link& from, const std::vector<std::uint32_t>& edges, const Writers& writers);
  [[nodiscard]] AnyInput& input_of(Link& link);
  [[nodiscard]] std::unique_ptr<AnyInput> make_writer(const Link& from, std::uint32_t edge, RecordSink& sink,
                                                      const RecordCargo& records) const;

  const Program& program_;
  const JobVertex& vertex_;
  const TaskDeploymentDescriptor& task_;
  Accumulators& accumulators_;
  bool is_source_ = false;
  bool keeps_time_ = false;
  std::vector<Stateful> stateful_;  // tail first
  std::vector<Link> links_;                          // head first
  std::map<std::uint32_t, std::unique_ptr<AnyInput>> faces_;  // of the head's inputs, if it has several
  std::vector<std::unique_ptr<AnyInput>>
      outputs_;  // what the operators call beside each other: writers, fan-outs
};

}  // namespace weir
