// SPDX-License-Identifier: Apache-2.0
// Operators of two inputs that end.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include "execution/bounded/hash_join.h"
#include "execution/bounded/merge_join.h"
#include "execution/bounded/record_list.h"
#include "execution/bounded/until_the_end.h"
#include "execution/operators/function_operator.h"
#include "execution/operators/interval_join.h"
#include "execution/operators/two_input.h"

namespace weir {

namespace detail {

/// Hands the pairs of a join to the user's function: as references, or, where one of them may be missing, as
/// pointers. A result has the later time of the two.
template <class A, class B, class R, class F, bool kMayMiss>
struct JoinEmit {
  F& function;
  Input<R>* next = nullptr;

  void operator()(const A* a, EventTime time_of_a, const B* b, EventTime time_of_b) {
    Out<R> out(*next, std::max(time_of_a, time_of_b));
    if constexpr (kMayMiss) call_join(function, a, b, out);
    else call_join(function, *a, *b, out);
  }
};

/// The same of a join that builds its table of the second input.
template <class A, class B, class R, class F, bool kMayMiss>
struct SwappedJoinEmit : JoinEmit<A, B, R, F, kMayMiss> {
  void operator()(const B* b, EventTime time_of_b, const A* a, EventTime time_of_a) {
    JoinEmit<A, B, R, F, kMayMiss>::operator()(a, time_of_a, b, time_of_b);
  }
};

}  // namespace detail

/// What both sides of a join are joined by.
template <class LeftKey, class RightKey>
struct JoinKeys {
  LeftKey left;
  RightKey right;
};

/// A hash join whose table is of the first input, or of the second one.
template <Record A, Record B, Record R, class LeftKey, class RightKey, class F, bool kMayMiss,
          bool kBuildsFirst>
class HashJoinOperator final : public UntilTheEnd<FunctionOperator<TwoInputOperator<A, B, R>, F>> {
  using Base = UntilTheEnd<FunctionOperator<TwoInputOperator<A, B, R>, F>>;
  using Emit = std::conditional_t<kBuildsFirst, detail::JoinEmit<A, B, R, F, kMayMiss>,
                                  detail::SwappedJoinEmit<A, B, R, F, kMayMiss>>;
  using Join = std::conditional_t<kBuildsFirst, HashJoin<A, B, LeftKey, RightKey, Emit>,
                                  HashJoin<B, A, RightKey, LeftKey, Emit>>;

public:
  HashJoinOperator(JoinKeys<LeftKey, RightKey> keys, JoinKind kind, F function)
      : Base(std::move(function)), keys_(std::move(keys)), kind_(kind), emit_{{this->function()}} {}

  void open(OperatorContext& context) override {
    Workspace& space = workspace_of(context, Join::kLeastPages);
    emit_.next = &this->next();
    if constexpr (kBuildsFirst)
      join_.emplace(keys_.left, keys_.right, Unmatched{keeps_left(kind_), keeps_right(kind_)}, space, emit_);
    else
      join_.emplace(keys_.right, keys_.left, Unmatched{keeps_right(kind_), keeps_left(kind_)}, space, emit_);
    Base::open(context);
  }
  void process_first(const A& value, EventTime time) override {
    if constexpr (kBuildsFirst) join_->add_build(value, time);
    else join_->add_probe(value, time);
  }
  void process_second(const B& value, EventTime time) override {
    if constexpr (kBuildsFirst) join_->add_probe(value, time);
    else join_->add_build(value, time);
  }
  /// In the place of the base's: by the receiving faces, which know this class.
  void advance_input(std::uint32_t input, EventTime watermark) {
    constexpr std::uint32_t kBuild = kBuildsFirst ? 0 : 1;
    if (input == kBuild && watermark == EventTime::max()) join_->end_build();
    Base::advance_input(input, watermark);
  }
  void close() override {
    join_.reset();
    Base::close();
  }

private:
  void on_end() override {
    join_->finish();
    join_.reset();
  }

  // Configuration.
  const JoinKeys<LeftKey, RightKey> keys_;
  const JoinKind kind_;
  // Bound at open; holds the input.
  Emit emit_;
  std::optional<Join> join_;
};

/// Two inputs that are sorted by their keys until both have ended.
template <Record A, Record B, Record R, class LeftKey, class RightKey, class F>
class SortedInputs : public UntilTheEnd<FunctionOperator<TwoInputOperator<A, B, R>, F>> {
  using Base = UntilTheEnd<FunctionOperator<TwoInputOperator<A, B, R>, F>>;

public:
  SortedInputs(JoinKeys<LeftKey, RightKey> keys, F function)
      : Base(std::move(function)), keys_(std::move(keys)) {}

  void open(OperatorContext& context) override {
    join_.emplace(keys_.left, keys_.right, workspace_of(context, Join::kLeastPages));
    Base::open(context);
  }
  void process_first(const A& value, EventTime time) override { join_->add_left(value, time); }
  void process_second(const B& value, EventTime time) override { join_->add_right(value, time); }
  void close() override {
    join_.reset();
    Base::close();
  }

protected:
  using Join = MergeJoin<A, B, LeftKey, RightKey>;

  /// At the end of both.
  [[nodiscard]] Join& sorted() { return *join_; }
  /// Gives back what they took.
  void release() { join_.reset(); }

private:
  // Configuration.
  const JoinKeys<LeftKey, RightKey> keys_;
  // Bound at open; holds the input.
  std::optional<Join> join_;
};

/// A join of both inputs sorted by their keys.
template <Record A, Record B, Record R, class LeftKey, class RightKey, class F, bool kMayMiss>
class MergeJoinOperator final : public SortedInputs<A, B, R, LeftKey, RightKey, F> {
  using Base = SortedInputs<A, B, R, LeftKey, RightKey, F>;

public:
  MergeJoinOperator(JoinKeys<LeftKey, RightKey> keys, JoinKind kind, F function)
      : Base(std::move(keys), std::move(function)), kind_(kind) {}

private:
  void on_end() override {
    detail::JoinEmit<A, B, R, F, kMayMiss> emit{this->function(), &this->next()};
    this->sorted().join(kind_, emit);
    this->release();
  }

  const JoinKind kind_;
};

/// `function([key,] Group<A>&, Group<B>&, Out<R>&)` for each key of either input. Results have no time.
template <Record A, Record B, Record R, class LeftKey, class RightKey, class F>
class CoGroupOperator final : public SortedInputs<A, B, R, LeftKey, RightKey, F> {
public:
  using SortedInputs<A, B, R, LeftKey, RightKey, F>::SortedInputs;

private:
  void on_end() override {
    auto call = [this](const auto& key, Group<A>& left, Group<B>& right) {
      using K = std::remove_cvref_t<decltype(key)>;
      Out<R> out(this->next(), EventTime::none());
      if constexpr (std::invocable<F&, const K&, Group<A>&, Group<B>&, Out<R>&>)
        this->function()(key, left, right, out);
      else this->function()(left, right, out);
    };
    this->sorted().groups(call);
    this->release();
  }
};

/// Each record of the first input with each of the second one.
template <Record A, Record B, Record R, class F>
class CrossOperator final : public UntilTheEnd<FunctionOperator<TwoInputOperator<A, B, R>, F>> {
  using Base = UntilTheEnd<FunctionOperator<TwoInputOperator<A, B, R>, F>>;

public:
  explicit CrossOperator(F function) : Base(std::move(function)) {}

  void open(OperatorContext& context) override {
    held_.emplace(workspace_of(context, 2 * RecordList<A>::kLeastPages + kFedPages));
    Base::open(context);
  }
  void process_first(const A& value, EventTime time) override { held_->first.add(value, time); }
  void process_second(const B& value, EventTime time) override { held_->second.add(value, time); }
  void close() override {
    held_.reset();
    Base::close();
  }

private:
  static constexpr std::size_t kFedPages = 2;

  struct Held {
    explicit Held(Workspace& space)
        : fed_space(space.carve(std::max<std::size_t>(space.pages->free_pages() / 4, kFedPages))),
          first_space(space.carve(space.pages->free_pages() / 2)),
          second_space(space.carve(space.pages->free_pages())),
          first(first_space),
          second(second_space) {}
    Workspace fed_space;
    Workspace first_space;
    Workspace second_space;
    RecordList<A> first;
    RecordList<B> second;
  };

  void on_end() override {
    held_->first.close();
    held_->second.close();
    pair_all();
    held_.reset();
  }
  void pair_all() {
    detail::JoinEmit<A, B, R, F, false> emit{this->function(), &this->next()};
    auto pair = [&](const B& b, EventTime time_of_b, const A& a, EventTime time_of_a) {
      emit(&a, time_of_a, &b, time_of_b);
    };
    PairLoop<B, A, decltype(pair)> loop(held_->second, held_->fed_space, pair);
    held_->first.for_each([&](const A& value, EventTime time) { loop.feed(value, time); });
    loop.flush();
  }

  // Bound at open; holds the input.
  std::optional<Held> held_;
};

}  // namespace weir
