// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "execution/bounded/external_sorter.h"
#include "execution/bounded/group.h"
#include "execution/bounded/until_the_end.h"
#include "execution/operators/function_operator.h"
#include "memory/owned.h"

namespace weir {

namespace detail {

/// `function` with each group of sorted records. It takes the key before the group, or leaves it out. Results
/// have the time of their group's first record.
template <class T, class R, class Sorted, class KeyFunction, class F>
void call_with_groups(Sorted& sorted, const KeyFunction& key, F& function, Input<R>& next) {
  GroupWalk<T, Sorted, KeyFunction> walk(sorted, key);
  using K = typename GroupWalk<T, Sorted, KeyFunction>::Key;
  while (walk.find()) {
    Group<T> group(&walk);
    Out<R> out(next, group.time());
    if constexpr (std::invocable<F&, const K&, Group<T>&, Out<R>&>) function(walk.key(), group, out);
    else function(group, out);
  }
}

}  // namespace detail

/// `function([key,] Group<T>&, Out<R>&)` for each key, once all input is there. The records of a group are in
/// the order of `By`, which begins with the key.
template <Record T, Record R, class KeyFunction, class By, class F>
class GroupReduce final : public UntilTheEnd<FunctionOperator<OneInputOperator<T, R>, F>> {
  using Base = UntilTheEnd<FunctionOperator<OneInputOperator<T, R>, F>>;

public:
  GroupReduce(KeyFunction key, By by, F function)
      : Base(std::move(function)), key_(std::move(key)), by_(std::move(by)) {}

  void open(OperatorContext& context) override {
    sorter_.emplace(by_, workspace_of(context, SortMemory::kLeastPages));
    Base::open(context);
  }
  void process(const T& value, EventTime time) override { sorter_->add(value, time); }
  void close() override {
    sorter_.reset();
    Base::close();
  }

private:
  void on_end() override {
    sorter_->finish();
    detail::call_with_groups<T, R>(*sorter_, key_, this->function(), this->next());
    sorter_.reset();
  }

  // Configuration.
  const KeyFunction key_;
  const By by_;
  // Bound at open; holds the input.
  std::optional<ExternalSorter<T, By>> sorter_;
};

/// The same of as many records at a time as fit into memory, so that a key may be met several times: what
/// goes on is less, and it goes nowhere near a disk.
template <Record T, Record R, class KeyFunction, class By, class F>
class GroupCombine final : public UntilTheEnd<FunctionOperator<OneInputOperator<T, R>, F>> {
  using Base = UntilTheEnd<FunctionOperator<OneInputOperator<T, R>, F>>;
  using Buffer = SortBuffer<T, By>;

public:
  GroupCombine(KeyFunction key, By by, F function)
      : Base(std::move(function)), key_(std::move(key)), by_(std::move(by)) {}

  void open(OperatorContext& context) override {
    constexpr std::size_t kLeastPages = 2;
    space_ = &workspace_of(context, kLeastPages);
    buffer_.emplace(by_, *space_->pages, 0);
    Base::open(context);
  }
  void process(const T& value, EventTime time) override {
    if (buffer_->try_add(value, time)) [[likely]] return;
    combine();
    if (buffer_->try_add(value, time)) return;
    OneRecord alone{value, time};  // larger than all memory
    detail::call_with_groups<T, R>(alone, key_, this->function(), this->next());
  }
  void close() override {
    buffer_.reset();
    Base::close();
  }

private:
  /// A buffer's records in their order.
  class Walk {
  public:
    Walk(Buffer& buffer, Workspace& space) : buffer_(buffer), space_(space) {}
    [[nodiscard]] bool next() {
      space_.step();
      if (next_ == buffer_.size()) return false;
      StoredRecord<T>::read(value_, time_, buffer_.record(next_++));
      return true;
    }
    [[nodiscard]] const T& value() const { return value_; }
    [[nodiscard]] EventTime time() const { return time_; }

  private:
    Buffer& buffer_;
    Workspace& space_;
    std::size_t next_ = 0;
    T value_{};
    EventTime time_;
  };
  struct OneRecord {
    const T& record;
    EventTime at;
    bool is_taken = false;
    [[nodiscard]] bool next() { return !std::exchange(is_taken, true); }
    [[nodiscard]] const T& value() const { return record; }
    [[nodiscard]] EventTime time() const { return at; }
  };

  void on_end() override {
    combine();
    buffer_.reset();
  }
  void combine() {
    buffer_->sort();
    Walk walk(*buffer_, *space_);
    detail::call_with_groups<T, R>(walk, key_, this->function(), this->next());
    buffer_->clear();
  }

  // Configuration.
  const KeyFunction key_;
  const By by_;
  // Bound at open.
  Workspace* space_ = nullptr;
  std::optional<Buffer> buffer_;
};

/// Of a group one record, by a function of two that returns one.
template <class T, class F>
struct ReduceGroup {
  F reduce;

  void operator()(Group<T>& group, Out<T>& out) {
    auto each = group.begin();
    Owned<T> held(*each);
    for (++each; each != group.end(); ++each) held.assign(reduce(held.get(), *each));
    out(held.get());
  }
  [[nodiscard]] F& users_function() { return reduce; }
  [[nodiscard]] const F& users_function() const { return reduce; }
};

/// The same by a fold that changes the record that is held, as SumFold.
template <class T, class Fold>
struct FoldGroup {
  Fold fold;

  void operator()(Group<T>& group, Out<T>& out) {
    auto each = group.begin();
    Owned<T> held(*each);
    for (++each; each != group.end(); ++each) fold(held, *each);
    out(held.get());
  }
};

/// Of a group its first records.
template <class T>
struct FirstOfGroup {
  std::uint64_t count = 1;

  void operator()(Group<T>& group, Out<T>& out) const {
    std::uint64_t left = count;
    for (auto each = group.begin(); left > 0 && each != group.end(); ++each, --left)
      out.at(group.time())(*each);
  }
};

}  // namespace weir
