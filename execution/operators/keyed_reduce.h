// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

#include "checkpoint/state/heap_table.h"
#include "execution/operators/operator.h"
#include "memory/owned.h"

namespace weir {

/// When a running aggregate speaks.
enum class Emit : std::uint8_t {
  Updates,  // after each record, the new value
  Final,    // once a key, when the input has ended; for bounded streams
};

/// Folds the records of each key into one.
///
/// `Fold` is called with the Owned<T> that is held and the new record. The first record of a key is kept as it is.
/// State: "reduced", one T a key. A key costs memory once; a record of a known key none.
template <class T, class KeyFunction, class Fold>
class KeyedReduce final : public OneInputOperator<T, T> {
public:
  KeyedReduce(KeyFunction key, Fold fold, Emit emit)
      : key_(std::move(key)), fold_(std::move(fold)), emits_updates_(emit == Emit::Updates) {}

  void open(OperatorContext& context) override {
    table_ = &context.keyed_state().table<KeyView, Owned<T>>("reduced");
  }

  void process(const T& value, EventTime time) override {
    const Owned<T>& held = this->guarded([&]() -> const Owned<T>& { return update(value); });
    if (emits_updates_) this->next().process(held.get(), time);
  }

  void finish() override {
    if (emits_updates_) return;
    table_->for_each([this](const auto&, const Owned<T>& held) { this->next().process(held.get(), EventTime::none()); });
  }

private:
  using KeyView = std::remove_cvref_t<std::invoke_result_t<KeyFunction&, const T&>>;
  using Table = HeapTable<KeyView, Owned<T>>;

  const Owned<T>& update(const T& value) {
    const auto& key = std::invoke(key_, value);
    const auto at = Table::lookup(key);
    Owned<T>* held = table_->find(at);
    if (held == nullptr) [[unlikely]] return table_->insert(at, Owned<T>(value));
    fold_(*held, value);
    return *held;
  }

  // Configuration.
  KeyFunction key_;
  Fold fold_;
  const bool emits_updates_;
  // Bound at open.
  Table* table_ = nullptr;
};

/// Fold by a function of two records that returns one.
template <class T, class Function>
struct ReduceFold {
  Function reduce;
  void operator()(Owned<T>& held, const T& value) { held.assign(reduce(held.get(), value)); }
};

/// Folds that change one field in place. `Field` is a member pointer, or a function that returns a reference.
template <class T, class Field>
struct FieldFold {
  using Value = std::remove_cvref_t<std::invoke_result_t<const Field&, T&>>;
  static_assert(std::is_lvalue_reference_v<std::invoke_result_t<const Field&, T&>>,
                "the field is named by a member pointer or by a function that returns a reference to it");
  static_assert(!Borrows<Value>::value, "a field that borrows its text cannot be aggregated: make it a std::string");
  Field field;
};

template <class T, class Field>
struct SumFold : FieldFold<T, Field> {
  void operator()(Owned<T>& held, const T& value) {
    std::invoke(this->field, held.mutate()) += std::invoke(this->field, value);
  }
};

template <class T, class Field>
struct MinFold : FieldFold<T, Field> {
  void operator()(Owned<T>& held, const T& value) {
    auto& least = std::invoke(this->field, held.mutate());
    const auto& other = std::invoke(this->field, value);
    if (other < least) least = other;
  }
};

template <class T, class Field>
struct MaxFold : FieldFold<T, Field> {
  void operator()(Owned<T>& held, const T& value) {
    auto& most = std::invoke(this->field, held.mutate());
    const auto& other = std::invoke(this->field, value);
    if (most < other) most = other;
  }
};

}  // namespace weir
