// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/time.h"
#include "memory/key_order.h"
#include "memory/owned.h"

namespace weir {

/// The records of one key, from first to last and once: they may be more than fit into memory.
///
///     [](const std::string& city, Group<Reading>& readings, Out<Mean>& out) {
///       double sum = 0;
///       std::int64_t count = 0;
///       for (const Reading& each : readings) sum += each.value, ++count;
///       out({city, sum / count});
///     }
///
/// A record is good until the next one is asked for. What is not read of a group is skipped.
template <class T>
class Group {
public:
  /// Where the records come from. The first is at hand from the beginning.
  class Source {
  public:
    virtual ~Source() = default;
    /// Whether there is a record at hand.
    [[nodiscard]] virtual bool has_record() const = 0;
    [[nodiscard]] virtual const T& value() const = 0;
    [[nodiscard]] virtual EventTime time() const = 0;
    virtual void next() = 0;
  };

  /// Null: of no records.
  explicit Group(Source* source) : source_(source) {}

  class Iterator {
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = const T*;
    using reference = const T&;

    Iterator() = default;
    explicit Iterator(Source* source) : source_(source) {}
    reference operator*() const { return source_->value(); }
    pointer operator->() const { return &source_->value(); }
    Iterator& operator++() {
      source_->next();
      return *this;
    }
    void operator++(int) { source_->next(); }
    friend bool operator==(const Iterator& i, std::default_sentinel_t) {
      return i.source_ == nullptr || !i.source_->has_record();
    }

  private:
    Source* source_ = nullptr;
  };

  [[nodiscard]] Iterator begin() { return Iterator(source_); }
  [[nodiscard]] std::default_sentinel_t end() const { return {}; }
  [[nodiscard]] bool empty() const { return source_ == nullptr || !source_->has_record(); }
  /// Of the record at hand.
  [[nodiscard]] EventTime time() const { return empty() ? EventTime::none() : source_->time(); }

private:
  Source* source_;
};

/// Walks over sorted records group by group. `Sorted` has next(), value() and time(), as an ExternalSorter.
template <class T, class Sorted, class KeyFunction>
class GroupWalk final : public Group<T>::Source {
public:
  using Key = std::remove_cvref_t<std::invoke_result_t<const KeyFunction&, const T&>>;

  /// Both outlive this.
  GroupWalk(Sorted& sorted, const KeyFunction& key) : sorted_(sorted), key_of_(key) {}

  /// Goes on to the next group, over what was not read of this one. False: there is none.
  [[nodiscard]] bool find() {
    if (!std::exchange(has_begun_, true)) is_at_record_ = sorted_.next();
    while (is_in_group_) next();
    if (!is_at_record_) return false;
    key_.emplace(std::invoke(key_of_, sorted_.value()));
    is_in_group_ = true;
    return true;
  }
  /// Of the group that was found.
  [[nodiscard]] decltype(auto) key() const { return key_->get(); }

  [[nodiscard]] bool has_record() const override { return is_in_group_; }
  [[nodiscard]] const T& value() const override { return sorted_.value(); }
  [[nodiscard]] EventTime time() const override { return sorted_.time(); }
  void next() override {
    is_at_record_ = sorted_.next();
    is_in_group_ = is_at_record_ &&
                   KeyOrder<Key>::compare(std::invoke(key_of_, sorted_.value()), key_->get()) == 0;
  }

private:
  Sorted& sorted_;
  const KeyFunction& key_of_;
  std::optional<Owned<Key>> key_;
  bool has_begun_ = false;
  bool is_at_record_ = false;
  bool is_in_group_ = false;
};

}  // namespace weir
