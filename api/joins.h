// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "api/keyed_stream.h"
#include "api/windowed_stream.h"
#include "execution/operators/interval_join.h"

namespace weir {

namespace detail {

/// The key of a record that is of one stream or of the other.
template <class A, class B, class LeftKey, class RightKey>
struct EitherKey {
  using K = KeptKeyOf<std::remove_cvref_t<std::invoke_result_t<const LeftKey&, const A&>>>;
  static_assert(
      std::same_as<K, KeptKeyOf<std::remove_cvref_t<std::invoke_result_t<const RightKey&, const B&>>>>,
      "the keys of the two streams are of one type");
  LeftKey left;
  RightKey right;

  K operator()(const Either<A, B>& either) const {
    return either.left ? K(std::invoke(left, *either.left)) : K(std::invoke(right, *either.right));
  }
};

template <class A, class B>
[[nodiscard]] DataStream<Either<A, B>> both_of(DataStream<A> left, DataStream<B> right) {
  auto lefts = left.map([](const A& a) { return Either<A, B>{a, std::nullopt}; });
  auto rights = right.map([](const B& b) { return Either<A, B>{std::nullopt, b}; });
  return lefts.union_with(rights);
}

/// Calls a join's function for each pair of a window.
template <class A, class B, class F>
struct JoinPairs {
  F function;

  [[nodiscard]] F& users_function() { return function; }
  [[nodiscard]] const F& users_function() const { return function; }

  template <class K, class W, class R>
  void operator()(const K&, const W&, const WindowElements<Either<A, B>>& all, Out<R>& out) {
    for (const auto& one : all) {
      if (!one.left) continue;
      for (const auto& other : all)
        if (other.right) call_join(function, *one.left, *other.right, out);
    }
  }
};

/// Calls a co-group's function with the records of both sides.
template <class A, class B, class F>
struct JoinLists {
  F function;

  [[nodiscard]] F& users_function() { return function; }
  [[nodiscard]] const F& users_function() const { return function; }

  template <class K, class W, class R>
  void operator()(const K& key, const W&, const WindowElements<Either<A, B>>& all, Out<R>& out) {
    std::vector<A> left;
    std::vector<B> right;
    for (const auto& each : all) {
      if (each.left) left.push_back(*each.left);
      else right.push_back(*each.right);
    }
    if constexpr (std::invocable<F&, const K&, const std::vector<A>&, const std::vector<B>&, Out<R>&>)
      function(key, left, right, out);
    else function(left, right, out);
  }
};

}  // namespace detail

/// The windows of two streams, keyed alike.
template <class A, class B, class Windowed>
class WindowedJoin {
public:
  explicit WindowedJoin(Windowed windows) : windows_(std::move(windows)) {}

  // As of a WindowedStream.
  template <class Trigger>
  [[nodiscard]] auto trigger(Trigger trigger) const {
    return wrapped(windows_.trigger(std::move(trigger)));
  }
  template <class Evictor>
  [[nodiscard]] auto evictor(Evictor evictor) const {
    return wrapped(windows_.evictor(std::move(evictor)));
  }
  [[nodiscard]] auto allowed_lateness(Duration lateness) const {
    return wrapped(windows_.allowed_lateness(lateness));
  }

  /// Each pair of records of one key and window: `f(const A&, const B&)` returns the result, or
  /// `f(const A&, const B&, Out<R>&)` puts any number into an Out.
  template <class Given = void, class F>
  auto apply(F function) const {
    using R = detail::JoinResult<A, B, F, Given>;
    auto result = windows_.template process<R>(detail::JoinPairs<A, B, F>{std::move(function)});
    result.name("Window Join");
    return result;
  }
  /// All records of one key and window: `f(const std::vector<A>&, const std::vector<B>&, Out<R>&)`, of which
  /// one may be empty, perhaps with the key before them.
  template <class Given = void, class F>
  auto co_group(F function) const {
    using R = std::conditional_t<std::is_void_v<Given>, typename detail::OutOf<F>::type, Given>;
    static_assert(!std::is_void_v<R>, "if the function is generic, name the result: co_group<R>(function)");
    auto result = windows_.template process<R>(detail::JoinLists<A, B, F>{std::move(function)});
    result.name("Co-Group");
    return result;
  }

private:
  template <class Other>
  [[nodiscard]] static auto wrapped(Other windows) {
    return WindowedJoin<A, B, Other>(std::move(windows));
  }

  Windowed windows_;
};

/// Two streams that are to be joined: join(a, b).where(&A::id).equal_to(&B::id).window(...).apply(...).
template <Record A, Record B>
class JoinedStreams {
public:
  JoinedStreams(DataStream<A> left, DataStream<B> right) : left_(std::move(left)), right_(std::move(right)) {}

  template <class LeftKey>
    requires std::invocable<const LeftKey&, const A&>
  [[nodiscard]] auto where(LeftKey key) const {
    return Where<LeftKey>{*this, std::move(key)};
  }

private:
  template <class Key>
  struct Keyed {
    JoinedStreams streams;
    Key key;

    template <WindowAssigner Assigner>
    [[nodiscard]] auto window(Assigner assigner) const {
      auto windows = detail::both_of(streams.left_, streams.right_).key_by(key).window(std::move(assigner));
      return WindowedJoin<A, B, decltype(windows)>(std::move(windows));
    }
  };
  template <class LeftKey>
  struct Where {
    JoinedStreams streams;
    LeftKey left;

    template <class RightKey>
      requires std::invocable<const RightKey&, const B&>
    [[nodiscard]] auto equal_to(RightKey right) const {
      using Key = detail::EitherKey<A, B, LeftKey, RightKey>;
      return Keyed<Key>{streams, Key{left, std::move(right)}};
    }
  };

  DataStream<A> left_;
  DataStream<B> right_;
};

template <Record A, Record B>
[[nodiscard]] JoinedStreams<A, B> join(const DataStream<A>& left, const DataStream<B>& right) {
  return {left, right};
}

/// Two keyed streams whose records of one key belong together when their times are near each other.
template <Record A, Record B, class LeftKey, class RightKey>
class IntervalJoin {
public:
  IntervalJoin(DataStream<A> left, DataStream<B> right, LeftKey left_key, RightKey right_key,
               TimeInterval interval)
      : left_(std::move(left)),
        right_(std::move(right)),
        key_{std::move(left_key), std::move(right_key)},
        interval_(interval) {}

  /// For each pair: `f(const A&, const B&)` returns the result, or `f(const A&, const B&, Out<R>&)` puts any
  /// number into an Out. A result has the later time of the two.
  template <class Given = void, class F>
  auto apply(F function) const {
    using R = detail::JoinResult<A, B, F, Given>;
    static_assert(Record<R>, "the result of a join must be a plain value that serialises");
    using Function = IntervalJoinFunction<A, B, R, F>;
    auto result = detail::both_of(left_, right_)
                      .key_by(key_)
                      .template process<R>(Function(interval_, std::move(function)));
    result.name("Interval Join");
    return result;
  }

private:
  DataStream<A> left_;
  DataStream<B> right_;
  detail::EitherKey<A, B, LeftKey, RightKey> key_;
  TimeInterval interval_;
};

/// Pairs with right.time - left.time from `least` to `most`, both included:
/// interval_join(orders, &Order::id, payments, &Payment::order, -1min, 1h).apply(...).
template <Record A, class LeftKey, Record B, class RightKey>
[[nodiscard]] auto interval_join(const DataStream<A>& left, LeftKey left_key, const DataStream<B>& right,
                                 RightKey right_key, Duration least, Duration most) {
  if (most < least) throw ProgramError("interval_join() goes from the lesser distance to the greater one");
  return IntervalJoin<A, B, LeftKey, RightKey>(left, right, std::move(left_key), std::move(right_key),
                                               {window_math::millis(least), window_math::millis(most)});
}

}  // namespace weir
