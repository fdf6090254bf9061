// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include "api/connected_streams.h"
#include "api/data_stream.h"
#include "api/out_of.h"
#include "execution/operators/broadcast.h"

namespace weir {

/// A stream of which each subtask gets every record, and the maps that are kept of it.
template <Record T, class... Tags>
class BroadcastStream {
public:
  BroadcastStream(DataStream<T> stream, std::tuple<Tags...> tags)
      : stream_(std::move(stream)), tags_(std::move(tags)) {}

  [[nodiscard]] const DataStream<T>& stream() const { return stream_; }
  [[nodiscard]] const std::tuple<Tags...>& tags() const { return tags_; }

private:
  DataStream<T> stream_;
  std::tuple<Tags...> tags_;
};

/// A stream, keyed or not, beside a broadcast one.
template <Record A, Record B, class KeyOfA, class... Tags>
class BroadcastConnectedStreams {
public:
  BroadcastConnectedStreams(const DataStream<A>& stream, const BroadcastStream<B, Tags...>& broadcast,
                            KeyOfA key = {})
      : streams_(stream.connect(broadcast.stream())), tags_(broadcast.tags()), key_(std::move(key)) {}

  /// An object with `first(const A&, const BroadcastContext&, Out<R>&)`, which reads the maps, and
  /// `second(const B&, BroadcastContext&, Out<R>&)`, which changes them: in every subtask in the same way, so
  /// it may look at nothing else.
  template <class R = void, class Function>
  auto process(Function function) {
    using Result = std::conditional_t<std::is_void_v<R>, typename detail::OutOfFirst<Function>::type, R>;
    static_assert(!std::is_void_v<Result>,
                  "process() takes an object with first(const A&, const BroadcastContext&, Out<R>&) and "
                  "second(const B&, BroadcastContext&, Out<R>&); if they are generic, name the result: "
                  "process<R>(...)");
    static_assert(requires(Function& f, const A& value, const BroadcastContext& context, Out<Result>& out) {
      f.first(value, context, out);
    }, "first() takes a const BroadcastContext&: only broadcast records may change what all subtasks share");
    using Op = BroadcastProcess<A, B, Result, Function, Tags...>;
    if constexpr (std::same_as<KeyOfA, detail::NoKey>) {
      return streams_.template transform<Op>("Broadcast Process", [function, tags = tags_] {
        return std::make_unique<Op>(function, tags);
      });
    } else {
      using ByKey = KeyedTwoInput<Op, KeyOfA, NoSecondKey>;
      return streams_.template transform<ByKey>("Broadcast Process", [key = key_, function, tags = tags_] {
        return std::make_unique<ByKey>(key, NoSecondKey{}, function, tags);
      });
    }
  }

private:
  ConnectedStreams<A, B, detail::NoKey, detail::NoKey> streams_;
  std::tuple<Tags...> tags_;
  KeyOfA key_;
};

template <Record T>
template <Record U, class... Tags>
BroadcastConnectedStreams<T, U, detail::NoKey, Tags...> DataStream<T>::connect(
    const BroadcastStream<U, Tags...>& other) const {
  return {*this, other};
}

}  // namespace weir
