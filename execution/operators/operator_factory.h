// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/crash_report.h"
#include "base/result.h"
#include "execution/operators/channel_selectors.h"
#include "execution/operators/element_reader.h"
#include "execution/operators/operator.h"
#include "execution/operators/operator_code.h"
#include "execution/operators/source.h"
#include "execution/operators/two_input.h"
#include "graph/cargo.h"

namespace weir {

/// What can be done with records of one type, whatever operator they come from.
class RecordCargo : public Cargo {
public:
  [[nodiscard]] virtual RecordTypeKey type() const = 0;
  /// Writes them to an edge without a function of the user's. `seed` is for Shuffle.
  [[nodiscard]] virtual std::unique_ptr<AnyInput> make_writer(Partitioning partitioning, RecordSink& sink,
                                                              std::uint64_t seed) const = 0;
  /// Hands each to all of `targets`, in order. They outlive it.
  [[nodiscard]] virtual std::unique_ptr<AnyInput> make_fan_out(std::vector<AnyInput*> targets) const = 0;
};

/// What a node of the graph carries: makes an operator a subtask, and all typed code around it. It lives in
/// the user's library; the task that uses it knows no types.
class OperatorFactory : public Cargo {
public:
  [[nodiscard]] virtual std::unique_ptr<Operator> make() const = 0;

  /// The receiving face of an operator that make() made and that has one input.
  [[nodiscard]] virtual AnyInput& input_of(Operator& made) const = 0;
  /// The receiving face of one input of an operator that has several; null if it has one, which it receives
  /// itself. Not for sources.
  [[nodiscard]] virtual std::unique_ptr<AnyInput> make_face(Operator& made, std::uint32_t input) const = 0;
  /// A receiving face in front of it that puts the operator's name to what it throws; null if it does so
  /// itself. Not for sources nor for operators of several inputs, which head their chains.
  [[nodiscard]] virtual std::unique_ptr<AnyInput> make_attributed_input(Operator& made) const = 0;
  /// Notes under `name` where the code of an operator that make() made begins, and that of its attributed
  /// input, if it has one.
  virtual void append_code(const Operator& made, const AnyInput* attributed, const char* name,
                           std::vector<crash_report::NamedCode>& to) const = 0;
  /// Wires an operator that make() made to what comes after it. Not for sinks.
  virtual void set_output(Operator& made, AnyInput& next) const = 0;

  /// Reads buffers into that input of an operator that make() made; `face` is what make_face() made of it, or
  /// the operator itself. Not for sources.
  [[nodiscard]] virtual std::unique_ptr<ElementReader> make_reader(Operator& made, AnyInput& face,
                                                                   std::uint32_t input) const = 0;
  /// Its results. Not for sinks.
  [[nodiscard]] virtual const RecordCargo& results() const = 0;
};

/// Hands each record to several receivers.
template <class T>
class FanOut final : public Input<T> {
public:
  explicit FanOut(const std::vector<AnyInput*>& targets) {
    for (AnyInput* target : targets) targets_.push_back(static_cast<Input<T>*>(target));
  }

  void process(const T& value, EventTime time) override {
    for (Input<T>* target : targets_) target->process(value, time);
  }
  void process_watermark(EventTime watermark) override {
    for (Input<T>* target : targets_) target->process_watermark(watermark);
  }
  void process_status(StreamStatus status) override {
    for (Input<T>* target : targets_) target->process_status(status);
  }
  void process_latency_marker(const LatencyMarker& marker) override {
    for (Input<T>* target : targets_) target->process_latency_marker(marker);
  }

private:
  std::vector<Input<T>*> targets_;
};

namespace detail {

template <Record T>
std::unique_ptr<AnyInput> make_plain_writer(Partitioning partitioning, RecordSink& sink, std::uint64_t seed) {
  switch (partitioning) {
    case Partitioning::Forward:
    case Partitioning::Global: return std::make_unique<RecordOutput<T, FirstChannel>>(sink, FirstChannel{});
    case Partitioning::Rebalance:
    case Partitioning::Rescale:
      return std::make_unique<RecordOutput<T, RoundRobin>>(sink, RoundRobin(sink.channel_count()));
    case Partitioning::Shuffle:
      return std::make_unique<RecordOutput<T, RandomChannel>>(sink,
                                                              RandomChannel(sink.channel_count(), seed));
    case Partitioning::Broadcast: return std::make_unique<BroadcastOutput<T>>(sink);
    case Partitioning::Hash:
    case Partitioning::Custom: break;
  }
  WEIR_CHECK(false, "an edge by key or by function carries its own writer");
}

}  // namespace detail

template <Record T>
class TypedRecordCargo final : public RecordCargo {
public:
  [[nodiscard]] RecordTypeKey type() const override { return record_type_key<T>(); }
  [[nodiscard]] std::unique_ptr<AnyInput> make_writer(Partitioning partitioning, RecordSink& sink,
                                                      std::uint64_t seed) const override {
    return detail::make_plain_writer<T>(partitioning, sink, seed);
  }
  [[nodiscard]] std::unique_ptr<AnyInput> make_fan_out(std::vector<AnyInput*> targets) const override {
    return std::make_unique<FanOut<T>>(targets);
  }
};

/// The factory of operators of class Op. `Make` returns a std::unique_ptr<Op> and may be called any number of
/// times.
template <class Op, class Make>
class TypedFactory final : public OperatorFactory {
public:
  static constexpr bool kIsSource = std::is_base_of_v<AnySourceOperator, Op>;
  static constexpr bool kHasOneInput = !kIsSource && !HasTwoInputs<Op>;
  static constexpr bool kIsSink = std::is_void_v<typename Op::Result>;

  explicit TypedFactory(Make make) : make_(std::move(make)) {}

  [[nodiscard]] std::unique_ptr<Operator> make() const override { return make_(); }

  [[nodiscard]] AnyInput& input_of(Operator& made) const override {
    if constexpr (kHasOneInput) return static_cast<Op&>(made);
    WEIR_CHECK(false, "the operator has no input, or more than one");
  }

  [[nodiscard]] std::unique_ptr<AnyInput> make_face(Operator& made, std::uint32_t input) const override {
    if constexpr (HasTwoInputs<Op>) {
      auto& op = static_cast<Op&>(made);
      if (input == 0) return std::make_unique<InputOf<Op, 0>>(op);
      return std::make_unique<InputOf<Op, 1>>(op);
    }
    return nullptr;
  }

  [[nodiscard]] std::unique_ptr<AnyInput> make_attributed_input(Operator& made) const override {
    if constexpr (kHasOneInput && !NamesItsFailures<Op>)
      return std::make_unique<AttributedInput<Op>>(static_cast<Op&>(made));
    WEIR_CHECK(kHasOneInput, "the operator has no input, or more than one");
    return nullptr;
  }

  void append_code(const Operator& made, const AnyInput* attributed, const char* name,
                   std::vector<crash_report::NamedCode>& to) const override {
    if constexpr (kHasOneInput) {  // others are heads, which is where all goes that nobody else did
      using In = Input<typename Op::In>;
      const auto& op = static_cast<const Op&>(made);
      to.push_back({code_of_process<Op, typename Op::In>(op), name});
      to.push_back({code_of_process<In, typename Op::In>(op), name});  // for those who see only an Input
      if (attributed == nullptr) return;
      to.push_back({code_of_process<In, typename Op::In>(static_cast<const In&>(*attributed)), name});
    }
  }

  void set_output(Operator& made, AnyInput& next) const override {
    if constexpr (!kIsSink)
      return static_cast<Op&>(made).set_output(static_cast<Input<typename Op::Result>&>(next));
    WEIR_CHECK(false, "a sink has no output");
  }

  [[nodiscard]] std::unique_ptr<ElementReader> make_reader(Operator& made, AnyInput& face,
                                                           std::uint32_t input) const override {
    if constexpr (HasTwoInputs<Op>) {
      if (input == 0) return reader_into(static_cast<InputOf<Op, 0>&>(face));
      return reader_into(static_cast<InputOf<Op, 1>&>(face));
    } else if constexpr (!kIsSource) {
      return std::make_unique<RecordReader<typename Op::In, Op>>(static_cast<Op&>(made));
    }
    WEIR_CHECK(false, "a source reads no buffers");
  }

  [[nodiscard]] const RecordCargo& results() const override {
    if constexpr (!kIsSink) {
      static const TypedRecordCargo<typename Op::Result> kResults;
      return kResults;
    }
    WEIR_CHECK(false, "a sink has no output");
  }

private:
  template <class Face>
  [[nodiscard]] static std::unique_ptr<ElementReader> reader_into(Face& face) {
    return std::make_unique<RecordReader<typename Face::Value, Face>>(face);
  }

  const Make make_;
};

template <class Op, class Make>
[[nodiscard]] CargoPtr make_factory(Make make) {
  return std::make_shared<TypedFactory<Op, Make>>(std::move(make));
}

}  // namespace weir
