// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <utility>

#include "api/data_stream.h"
#include "execution/operators/iteration.h"

namespace weir {

/// The beginning of a loop: the records of a stream, and those that are fed back.
///
///     auto numbers = input.iterate();
///     auto stepped = numbers.map(step);
///     numbers.close_with(stepped.filter(goes_on));     // go round again
///     stepped.filter(is_done).print();                 // leave
///
/// What is fed back is spread over the subtasks inside as the loop says: numbers.key_by(...). It has no time
/// of its own: watermarks are those of the stream, and do not wait for it. Records that go round are read
/// before new ones; there may be any number of them, on disk if they are many. Checkpoints hold them.
///
/// The loop ends when all its inputs have ended and no record goes round any more. Settings are those of its
/// beginning: parallelism, name, uid, slot_sharing_group.
template <Record T>
class IterativeStream : public DataStream<T>, public OperatorSettings<IterativeStream<T>> {
public:
  IterativeStream(StreamGraphBuilder& graph, StreamNodeId whole, StreamNodeId head)
      : DataStream<T>(graph, whole), head_(head) {}

  /// The end of the loop: what of the stream is fed back. Once.
  void close_with(const DataStream<T>& feedback) {
    if (std::exchange(*is_closed_, true))
      throw ProgramError("an iteration is closed once: close it with a union of what is fed back");
    const StreamNode& head = node();
    StreamNode end;
    end.kind = StreamNode::Kind::Sink;
    end.name = head.name + " End";
    end.chaining = ChainingStrategy::Never;
    end.input_count = 1;
    end.input_type = schema_of<T>();
    end.feedback_to = head_;
    end.operator_factory =
        make_factory<IterationEnd<T>>([iteration = static_cast<std::uint64_t>(head_)] {
          return std::make_unique<IterationEnd<T>>(iteration);
        });
    const StreamNodeId added = this->graph().add_node(std::move(end));
    this->graph().connect(feedback.id_, added);
  }
  template <Record U>
    requires(!std::same_as<T, U>)
  void close_with(const DataStream<U>&) {
    static_assert(std::same_as<T, U>, "an iteration is closed with records of the type that it began with");
  }

private:
  friend class OperatorSettings<IterativeStream<T>>;
  [[nodiscard]] StreamNode& node() { return this->graph().node(head_); }

  StreamNodeId head_;
  std::shared_ptr<bool> is_closed_ = std::make_shared<bool>(false);  // of all copies
};

template <Record T>
IterativeStream<T> DataStream<T>::iterate() const {
  StreamNode head;
  head.kind = StreamNode::Kind::Source;
  head.name = "Iteration";
  head.chaining = ChainingStrategy::Never;
  head.buffer_timeout = graph_->settings().buffer_timeout;
  head.output_type = schema_of<T>();
  head.begins_iteration = true;
  head.can_stop = true;  // it ends when those that feed it have
  const StreamNodeId added = graph_->add_node(std::move(head));
  graph_->node(added).operator_factory =
      make_factory<IterationHead<T>>([iteration = static_cast<std::uint64_t>(added)] {
        return std::make_unique<IterationHead<T>>(iteration);
      });
  return {*graph_, graph_->add_union({id_, added}), added};
}

}  // namespace weir
