// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "execution/bounded/external_sorter.h"
#include "execution/bounded/group.h"
#include "execution/bounded/record_list.h"
#include "execution/bounded/sort_order.h"

namespace weir {

/// Which records of a join come out that have no partner.
enum class JoinKind : std::uint8_t { Inner, LeftOuter, RightOuter, FullOuter };

[[nodiscard]] constexpr bool keeps_left(JoinKind kind) {
  return kind == JoinKind::LeftOuter || kind == JoinKind::FullOuter;
}
[[nodiscard]] constexpr bool keeps_right(JoinKind kind) {
  return kind == JoinKind::RightOuter || kind == JoinKind::FullOuter;
}

/// Two inputs, sorted by their keys and walked over side by side.
///
/// Order:   add to both in any order, then one of join() and groups(), once.
/// Threads: the task's. Errors: throws what the disk said, and TaskCancelled.
template <Record A, Record B, class LeftKey, class RightKey>
class MergeJoin {
  using Left = ExternalSorter<A, SortKey<LeftKey>>;
  using Right = ExternalSorter<B, SortKey<RightKey>>;

public:
  static constexpr std::size_t kLeastPages = 12;

  /// `space` has at least kLeastPages free pages, and outlives this.
  MergeJoin(LeftKey left, RightKey right, Workspace& space)
      : left_key_(std::move(left)),
        right_key_(std::move(right)),
        pairs_(space.carve(space.pages->free_pages() / 3)),
        fed_(pairs_.carve(pairs_.pages->free_pages() / 4)),
        left_space_(space.carve(space.pages->free_pages() / 2)),
        right_space_(space.carve(space.pages->free_pages())),
        left_({left_key_}, left_space_),
        right_({right_key_}, right_space_) {}

  void add_left(const A& value, EventTime time) { left_.add(value, time); }
  void add_right(const B& value, EventTime time) { right_.add(value, time); }

  /// `emit(const A*, EventTime, const B*, EventTime)` for each pair of equal keys, and with a null for what
  /// has no partner.
  template <class Emit>
  void join(JoinKind kind, Emit& emit) {
    walk([&](auto* left, auto* right) {
      if (right == nullptr) {
        for (; keeps_left(kind) && left->has_record(); left->next())
          emit(&left->value(), left->time(), static_cast<const B*>(nullptr), EventTime::none());
      } else if (left == nullptr) {
        for (; keeps_right(kind) && right->has_record(); right->next())
          emit(static_cast<const A*>(nullptr), EventTime::none(), &right->value(), right->time());
      } else {
        pair(*left, *right, emit);
      }
    });
  }

  /// `call(key, Group<A>&, Group<B>&)` for each key of either side.
  template <class Call>
  void groups(Call& call) {
    walk([&](auto* left, auto* right) {
      Group<A> of_left(left);
      Group<B> of_right(right);
      if (left != nullptr) call(left->key(), of_left, of_right);
      else call(right->key(), of_left, of_right);
    });
  }

private:
  /// `call(left, right)`, of which one is null, for each key.
  template <class Call>
  void walk(Call&& call) {
    left_.finish();
    right_.finish();
    GroupWalk<A, Left, LeftKey> left(left_, left_key_);
    GroupWalk<B, Right, RightKey> right(right_, right_key_);
    using Key = typename GroupWalk<A, Left, LeftKey>::Key;
    bool has_left = left.find();
    bool has_right = right.find();
    while (has_left || has_right) {
      const int order = !has_right  ? -1
                        : !has_left ? 1
                                    : KeyOrder<Key>::compare(left.key(), right.key());
      call(order <= 0 ? &left : nullptr, order >= 0 ? &right : nullptr);
      if (order <= 0) has_left = left.find();
      if (order >= 0) has_right = right.find();
    }
  }

  template <class LeftWalk, class RightWalk, class Emit>
  void pair(LeftWalk& left, RightWalk& right, Emit& emit) {
    RecordList<A> list(pairs_);
    for (; left.has_record(); left.next()) list.add(left.value(), left.time());
    list.close();
    auto call = [&](const A& a, EventTime time_of_a, const B& b, EventTime time_of_b) {
      emit(&a, time_of_a, &b, time_of_b);
    };
    PairLoop<A, B, decltype(call)> loop(list, fed_, call);
    for (; right.has_record(); right.next()) loop.feed(right.value(), right.time());
    loop.flush();
  }

  // Configuration.
  const LeftKey left_key_;
  const RightKey right_key_;
  // Memory: for pairs of one key, and for either side.
  Workspace pairs_;
  Workspace fed_;
  Workspace left_space_;
  Workspace right_space_;
  Left left_;
  Right right_;
};

}  // namespace weir
