// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "api/keyed_stream.h"
#include "api/out_of.h"
#include "api/params.h"
#include "execution/windows/assigners.h"
#include "execution/windows/contents.h"
#include "execution/windows/evictors.h"
#include "execution/windows/triggers.h"
#include "execution/windows/window_operator.h"

namespace weir {

namespace detail {

/// The key of a stream whose windows are not by key.
struct OneKey {
  template <class T>
  std::uint8_t operator()(const T&) const {
    return 0;
  }
};

// What sum(), min(), max(), min_by() and max_by() do to the record that a window holds.
template <class Field>
struct AddField {
  Field field;
  template <class T>
  void operator()(T& held, const T& value) const {
    std::invoke(field, held) += std::invoke(field, value);
  }
};
template <class Field>
struct LeastField {
  Field field;
  template <class T>
  void operator()(T& held, const T& value) const {
    if (std::invoke(field, value) < std::invoke(field, held))
      std::invoke(field, held) = std::invoke(field, value);
  }
};
template <class Field>
struct MostField {
  Field field;
  template <class T>
  void operator()(T& held, const T& value) const {
    if (std::invoke(field, held) < std::invoke(field, value))
      std::invoke(field, held) = std::invoke(field, value);
  }
};
template <class Field>
struct LeastRecord {
  Field field;
  template <class T>
  void operator()(T& held, const T& value) const {
    if (std::invoke(field, value) < std::invoke(field, held)) held = value;
  }
};
template <class Field>
struct MostRecord {
  Field field;
  template <class T>
  void operator()(T& held, const T& value) const {
    if (std::invoke(field, held) < std::invoke(field, value)) held = value;
  }
};

/// Counts.
struct CountAggregate {
  using Accumulator = std::int64_t;
  template <class T>
  void add(std::int64_t& count, const T&) const {
    ++count;
  }
  void merge(std::int64_t& into, std::int64_t from) const { into += from; }
  [[nodiscard]] std::int64_t result(std::int64_t count) const { return count; }
};

}  // namespace detail

/// The windows of a stream, before it is said what becomes of them. Made by window() of a keyed stream, by
/// count_window(), and by window_all() of any stream.
///
///     readings.key_by(&Reading::sensor)
///         .window(TumblingEventTime(1min))
///         .allowed_lateness(10s)
///         .aggregate(Mean{}, [](const std::string& sensor, const TimeWindow& window, double mean,
///                               Out<MeanOfMinute>& out) { out({sensor, window.end, mean}); });
///
/// A function of windows takes (key, window, result, out); in place of the window it may take a
/// WindowContext<W, State>&, and of windows that are not by key it may leave the key out. What a window says
/// has the last moment of the window as its time.
template <Record T, class KeyFunction, class Assigner, class Trigger, class Evictor>
class WindowedStream {
  static_assert(
      WindowAssigner<Assigner>,
      "window() takes an assigner: TumblingEventTime(5s), EventTimeSessions(30min), or a class with "
      "Window, kIsEventTime, kIsMerging, assign() and default_trigger()");
  using GivenKey = std::remove_cvref_t<std::invoke_result_t<const KeyFunction&, const T&>>;
  using K = KeptKeyOf<GivenKey>;
  using W = typename Assigner::Window;
  static_assert(TriggerOf<Trigger, T, W>,
                "a trigger has on_element(value, time, window, state, context), on_event_time(time, window, "
                "state, context) and on_processing_time(...) of the window's type, and a struct State");
  static_assert(!Borrows<T>::value || std::same_as<Evictor, NoEvictor>,
                "an evictor keeps records: their text is std::string, not std::string_view");

public:
  /// `keyed` is the stream behind its partitioning.
  WindowedStream(DataStream<T> keyed, KeyFunction key, Assigner assigner, Trigger trigger,
                 Evictor evictor = {})
      : stream_(std::move(keyed)),
        key_(std::move(key)),
        assigner_(std::move(assigner)),
        trigger_(std::move(trigger)),
        evictor_(std::move(evictor)) {}

  /// When windows speak, in place of what the assigner says.
  template <class Other>
  [[nodiscard]] auto trigger(Other other) const {
    return with(std::move(other), evictor_);
  }
  /// What leaves a window when it speaks. The window keeps all its records for that.
  template <class Other>
  [[nodiscard]] auto evictor(Other other) const {
    return with(trigger_, std::move(other));
  }
  /// How much longer a window is kept when the watermark has passed it: a record that comes meanwhile has it
  /// speak again, with all that it has.
  [[nodiscard]] WindowedStream allowed_lateness(Duration lateness) const {
    static_assert(Assigner::kIsEventTime, "only records of windows of event time can be late");
    if (lateness < Duration::zero()) throw ProgramError("allowed_lateness() is not negative");
    WindowedStream other = *this;
    other.lateness_ = window_math::millis(lateness);
    return other;
  }
  /// Where records go that come too late for all of their windows; else they are dropped and counted.
  /// `.side_output(tag)` of the result has them.
  [[nodiscard]] WindowedStream late_to(const OutputTag<T>& tag) const {
    static_assert(Assigner::kIsEventTime, "only records of windows of event time can be late");
    WindowedStream other = *this;
    other.late_ = tag;
    return other;
  }

  /// One record a window: `function(held, next)` returns what is held from now on. It is associative.
  template <class F>
    requires std::invocable<F&, const T&, const T&>
  OperatorStream<T> reduce(F function) const {
    return finish<T>("Window Reduce", ReducedContents<T, F>(std::move(function)), SayResult{});
  }
  template <class R = void, class F, class Function>
    requires std::invocable<F&, const T&, const T&>
  auto reduce(F function, Function tell) const {
    return finish<R>("Window Reduce", ReducedContents<T, F>(std::move(function)), std::move(tell));
  }

  /// An Aggregate (see state.h). With merge() a sliding window costs what a tumbling one does, and sessions
  /// can have it.
  template <Aggregate A>
  auto aggregate(A aggregate) const {
    using R = std::remove_cvref_t<decltype(aggregate.result(std::declval<typename A::Accumulator&>()))>;
    return finish<R>("Window Aggregate", AggregatedContents<A>(std::move(aggregate)), SayResult{});
  }
  template <class R = void, Aggregate A, class Function>
  auto aggregate(A aggregate, Function tell) const {
    return finish<R>("Window Aggregate", AggregatedContents<A>(std::move(aggregate)), std::move(tell));
  }

  /// `function(folded, record)` returns what is folded from now on.
  template <class Acc, class F>
    requires std::invocable<F&, const Acc&, const T&>
  auto fold(Acc initial, F function) const {
    return finish<Acc>("Window Fold", FoldedContents<Acc, F>(std::move(initial), std::move(function)),
                       SayResult{});
  }
  template <class R = void, class Acc, class F, class Function>
    requires std::invocable<F&, const Acc&, const T&>
  auto fold(Acc initial, F function, Function tell) const {
    return finish<R>("Window Fold", FoldedContents<Acc, F>(std::move(initial), std::move(function)),
                     std::move(tell));
  }

  /// The function gets all records of the window, as WindowElements<T>. They are kept until then.
  template <class R = void, class Function>
  auto process(Function function) const {
    static_assert(!Borrows<T>::value,
                  "windows keep records: their text is std::string, not std::string_view");
    return finish<R>("Window Process", ListedContents<T>{}, std::move(function));
  }

  // Of one field; the others are as in the window's first record.
  template <class Field>
  OperatorStream<T> sum(Field field) const {
    return held("Window Sum", detail::AddField<Field>{field});
  }
  template <class Field>
  OperatorStream<T> min(Field field) const {
    return held("Window Min", detail::LeastField<Field>{field});
  }
  template <class Field>
  OperatorStream<T> max(Field field) const {
    return held("Window Max", detail::MostField<Field>{field});
  }
  // The record that has the least or greatest; of several the first.
  template <class Field>
  OperatorStream<T> min_by(Field field) const {
    return held("Window Min By", detail::LeastRecord<Field>{field});
  }
  template <class Field>
  OperatorStream<T> max_by(Field field) const {
    return held("Window Max By", detail::MostRecord<Field>{field});
  }
  /// How many records: `count([](const K& key, const W& window, std::int64_t n, Out<R>& out) {...})`.
  template <class R = void, class Function>
  auto count(Function tell) const {
    return finish<R>("Window Count", AggregatedContents<detail::CountAggregate>({}), std::move(tell));
  }

private:
  template <class OtherTrigger, class OtherEvictor>
  [[nodiscard]] auto with(OtherTrigger trigger, OtherEvictor evictor) const {
    WindowedStream<T, KeyFunction, Assigner, OtherTrigger, OtherEvictor> other(
        stream_, key_, assigner_, std::move(trigger), std::move(evictor));
    other.lateness_ = lateness_;
    other.late_ = late_;
    return other;
  }
  template <Record, class, class, class, class>
  friend class WindowedStream;

  template <class Fold>
  OperatorStream<T> held(const char* name, Fold fold) const {
    return finish<T>(name, HeldContents<T, Fold>(std::move(fold)), SayResult{});
  }

  /// The operator. With an evictor the contents are made of all records when the window speaks.
  template <class Given, class Contents, class Function>
  auto finish(const char* name, Contents contents, Function function) const {
    using R = std::conditional_t<std::is_void_v<Given>, typename detail::OutOf<Function>::type, Given>;
    static_assert(
        !std::is_void_v<R>,
        "a function of windows takes (const K&, const W&, const Result&, Out<R>&); if it is generic, "
        "name the result: aggregate<R>(..., function)");
    static_assert(Record<R>, "the result of a window must be a plain value that serialises");
    if constexpr (std::same_as<Evictor, NoEvictor>) {
      return add<R>(name, std::move(contents), std::move(function));
    } else if constexpr (std::same_as<Contents, ListedContents<T>>) {
      return add<R>(name, std::move(contents), std::move(function));
    } else {
      return add<R>(name, ListedContents<T>{},
                    GatheringFunction<T, Contents, Function>(std::move(contents), std::move(function)));
    }
  }

  template <class R, class Contents, class Function>
  OperatorStream<R> add(const char* name, Contents contents, Function function) const {
    using Plan = WindowPlan<T, R, KeyFunction, Assigner, Trigger, Evictor, Contents, Function>;
    using Op = WindowOperator<Plan>;
    const Plan plan{key_, assigner_, trigger_, evictor_, std::move(contents), std::move(function), lateness_};
    auto stream = DataStream<T>(stream_);
    auto result = stream.template transform<Op>(
        name, [plan, late = late_] { return std::make_unique<Op>(plan, late); });
    if constexpr (std::same_as<KeyFunction, detail::OneKey>) result.parallelism(1).max_parallelism(1);
    return result;
  }

  DataStream<T> stream_;
  KeyFunction key_;
  Assigner assigner_;
  Trigger trigger_;
  Evictor evictor_;
  std::int64_t lateness_ = 0;
  OutputTag<T> late_{};  // without a name: dropped
};

namespace detail {

template <class T, class KeyFunction, class Assigner, class Trigger, class Evictor = NoEvictor>
[[nodiscard]] auto windows_of(const DataStream<T>& keyed, KeyFunction key, Assigner assigner, Trigger trigger,
                              Evictor evictor = {}) {
  return WindowedStream<T, KeyFunction, Assigner, Trigger, Evictor>(
      keyed, std::move(key), std::move(assigner), std::move(trigger), std::move(evictor));
}

}  // namespace detail

template <Record T, class KeyFunction>
template <class Assigner>
auto KeyedStream<T, KeyFunction>::window(Assigner assigner) const {
  const auto trigger = assigner.default_trigger();
  return detail::windows_of(*this, key_, std::move(assigner), trigger);
}

template <Record T, class KeyFunction>
auto KeyedStream<T, KeyFunction>::count_window(std::int64_t count) const {
  return detail::windows_of(*this, key_, GlobalWindows{}, PurgingTrigger(CountTrigger(count)));
}
template <Record T, class KeyFunction>
auto KeyedStream<T, KeyFunction>::count_window(std::int64_t count, std::int64_t slide) const {
  return detail::windows_of(*this, key_, GlobalWindows{}, CountTrigger(slide), CountEvictor(count));
}

template <Record T>
template <class Assigner>
auto DataStream<T>::window_all(Assigner assigner) const {
  const auto trigger = assigner.default_trigger();
  return detail::windows_of(key_by(detail::OneKey{}), detail::OneKey{}, std::move(assigner), trigger);
}

}  // namespace weir
