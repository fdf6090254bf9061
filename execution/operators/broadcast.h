// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "checkpoint/state/operator_state.h"
#include "execution/operators/process.h"
#include "execution/operators/two_input.h"

namespace weir {

/// Names a map that broadcast records change and all records read:
///
///     constexpr weir::MapStateTag<std::string, Rule> kRules{"rules"};
///
/// Each subtask has the whole map. The name is by what checkpoints know it.
template <class K, class V>
struct MapStateTag {
  using State = BroadcastState<K, V>;
  std::string_view name;
};

/// The maps of one operator, by tag.
class BroadcastMaps {
public:
  template <class K, class V>
  void add(const MapStateTag<K, V>& tag, OperatorStateBackend& from) {
    maps_.push_back({tag.name, record_type_key<BroadcastState<K, V>>(),
                     &from.broadcast_state<K, V>(std::string(tag.name))});
  }
  /// Throws std::logic_error if there is none.
  template <class K, class V>
  [[nodiscard]] BroadcastState<K, V>& get(const MapStateTag<K, V>& tag) const {
    for (const Named& map : maps_) {
      if (map.name == tag.name && map.type == record_type_key<BroadcastState<K, V>>())
        return static_cast<BroadcastState<K, V>&>(*map.state);
    }
    throw std::logic_error("there is no broadcast map \"" + std::string(tag.name) +
                           "\" of these types: say so where the stream is broadcast");
  }

private:
  struct Named {
    std::string_view name;  // literal text
    RecordTypeKey type;
    AnyOperatorState* state;
  };
  std::vector<Named> maps_;
};

/// What a function of a stream and a broadcast stream sees beside its record. Records of the stream get it as
/// const, and with it maps that cannot be changed: else the subtasks' maps would part, and after a restore
/// another one would count.
class BroadcastContext : public ProcessContext {
public:
  BroadcastContext(Operator& op, EventTime time, const BroadcastMaps& maps)
      : ProcessContext(op, time), maps_(maps) {}

  template <class K, class V>
  [[nodiscard]] const BroadcastState<K, V>& broadcast(const MapStateTag<K, V>& tag) const {
    return maps_.get(tag);
  }
  template <class K, class V>
  [[nodiscard]] BroadcastState<K, V>& broadcast(const MapStateTag<K, V>& tag) {
    return maps_.get(tag);
  }

private:
  const BroadcastMaps& maps_;  // outlives this
};

/// A stream and a broadcast one: `first(value, const BroadcastContext&, out)` for records of the stream,
/// `second(value, BroadcastContext&, out)` for broadcast ones, which each subtask gets.
///
/// State: the maps of `Tags`.
template <class First, class Second, class Result, class Function, class... Tags>
class BroadcastProcess : public FunctionOperator<TwoInputOperator<First, Second, Result>, Function> {
  using Base = FunctionOperator<TwoInputOperator<First, Second, Result>, Function>;

public:
  BroadcastProcess(Function function, std::tuple<Tags...> tags)
      : Base(std::move(function)), tags_(std::move(tags)) {}

  void open(OperatorContext& context) override {
    std::apply([&](const auto&... tag) { (maps_.add(tag, context.operator_state()), ...); }, tags_);
    Base::open(context);
  }

  void process_first(const First& value, EventTime time) override {
    const BroadcastContext context(*this, time, maps_);
    Out<Result> out(this->next(), time);
    this->guarded([&] { this->function().first(value, context, out); });
  }
  void process_second(const Second& value, EventTime time) override {
    BroadcastContext context(*this, time, maps_);
    Out<Result> out(this->next(), time);
    this->guarded([&] { this->function().second(value, context, out); });
  }

private:
  // Configuration.
  const std::tuple<Tags...> tags_;
  // Bound at open.
  BroadcastMaps maps_;
};

}  // namespace weir
