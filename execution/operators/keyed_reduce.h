// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include "checkpoint/state/current_key.h"
#include "checkpoint/state/heap_table.h"
#include "checkpoint/state/store_table.h"
#include "execution/operators/function_operator.h"
#include "memory/owned.h"

namespace weir {

/// When a running aggregate speaks.
enum class Emit : std::uint8_t {
  Updates,  // after each record, the new value
  Final,    // once a key, when the input has ended; for bounded streams
};

/// Folds the records of each key into one.
///
/// `Fold` is called with the Owned<T> that is held and the new record. The first record of a key is kept as
/// it is.
/// State: "reduced", one T a key, which holds its key itself. A key costs memory once; a record of a known
///        key none. If the job keeps its state in a store: one row a key.
template <class T, class KeyFunction, class Fold>
class KeyedReduce : public FunctionOperator<OneInputOperator<T, T>, Fold> {
  using Base = FunctionOperator<OneInputOperator<T, T>, Fold>;

public:
  static constexpr bool kNamesItsFailures = true;
  static constexpr const char* kStateName = "reduced";

  KeyedReduce(KeyFunction key, Fold fold, Emit emit)
      : Base(std::move(fold)), key_(std::move(key)), emits_updates_(emit == Emit::Updates) {}

  void open(OperatorContext& context) override {
    KeyedBackend& state = context.keyed_state();
    if (state.has_store()) rows_ = &state.template stored_table<Key, T>(kStateName, StateKind::Reducing);
    else table_ = &state.template table<Owned<T>>(kStateName, ByKey{key_});
    Base::open(context);
  }

  /// Its own, and those that a reduce function declares.
  [[nodiscard]] std::vector<StateInfo> states() const {
    std::vector<StateInfo> states = Base::states();
    states.push_back(ByKey::describe());
    states.back().name = kStateName;
    return states;
  }

  /// Where the key's state is. Fetches it meanwhile: a reader calls this for several records ahead of
  /// process().
  [[gnu::always_inline]] auto prepare(const T& value) {
    if (table_ == nullptr) [[unlikely]] return typename Table::Place();
    const auto place =
        this->guarded([&] { return table_->locate(KeyHash<Key>::hash(std::invoke(key_, value))); });
    Table::prefetch(place);
    return place;
  }

  void process(const T& value, EventTime time) override { process(value, time, prepare(value)); }

  template <class Place>
  [[gnu::always_inline]] void process(const T& value, EventTime time, const Place& place) {
    if (table_ == nullptr) [[unlikely]] return process_stored(value, time);
    // Inlined by force: a call a record is a fifth of the work.
    const Owned<T>& held = this->guarded(
        [&]() __attribute__((always_inline)) -> const Owned<T>& { return update(value, place); });
    if (emits_updates_) this->next().process(held.get(), time);
  }

  void finish() override {
    if (emits_updates_) return;
    if (rows_ != nullptr) {
      rows_->for_each([this](const T& held) { this->next().process(held, EventTime::none()); });
      return rows_->clear();
    }
    table_->for_each([this](const Owned<T>& held) { this->next().process(held.get(), EventTime::none()); });
    table_->clear();  // what was said once is not said again by whoever goes on from a later checkpoint
  }

private:
  /// Finds the key in what is held.
  struct ByKey {
    using Key = std::remove_cvref_t<std::invoke_result_t<const KeyFunction&, const T&>>;

    [[nodiscard]] std::uint64_t hash(const Owned<T>& held) const {
      return KeyHash<Key>::hash(std::invoke(key, held.get()));
    }
    [[nodiscard]] bool equal(const Owned<T>& held, const Key& wanted) const {
      return std::invoke(key, held.get()) == wanted;
    }

    // In a snapshot the key stands before the record, so that it can be found without the program.
    [[nodiscard]] static StateInfo describe() {
      return {.kind = StateKind::Reducing, .key = schema_of<Key>(), .value = schema_of<T>()};
    }
    [[nodiscard]] std::size_t bound(const Owned<T>& held) const {
      const T& record = held.get();
      return Serializer<Key>::bound(std::invoke(key, record)) + Serializer<T>::bound(record);
    }
    std::byte* write(const Owned<T>& held, std::byte* at) const {
      const T& record = held.get();
      return Serializer<T>::write(record, Serializer<Key>::write(std::invoke(key, record), at));
    }
    [[nodiscard]] auto reader(const StateInfo& from) const {
      return [this, records = value_reader<T>(from, describe())](
                 const std::byte* at, const std::byte* end, auto&& insert) -> const std::byte* {
        Key stored{};
        T record{};
        at = Serializer<Key>::read(stored, at, end);
        if (at != nullptr) at = records.read(record, at, end);
        if (at == nullptr || !(std::invoke(key, record) == stored)) return nullptr;
        insert(KeyHash<Key>::hash(stored), Owned<T>(record));
        return at;
      };
    }

    KeyFunction key;
  };
  using Key = typename ByKey::Key;
  static_assert(Serializable<Key>, "a key is kept in checkpoints: specialise weir::Serializer for its type");
  using Table = HeapTable<Owned<T>, ByKey>;

  [[gnu::always_inline]] const Owned<T>& update(const T& value, const typename Table::Place& place) {
    Owned<T>* held = table_->find(place, std::invoke(key_, value));
    if (held == nullptr) [[unlikely]] return table_->insert(place, Owned<T>(value));
    fold(*held, value);
    return *held;
  }

  [[gnu::always_inline]] void fold(Owned<T>& held, const T& value) {
    this->function()(held, value);
    if constexpr (requires { Fold::kMakesKey; }) {  // by which the table finds it the next time
      if (!(std::invoke(key_, held.get()) == std::invoke(key_, value))) {
        throw std::logic_error("the reduce function returned a record of another key");
      }
    }
  }

  [[gnu::noinline]] void process_stored(const T& value, EventTime time) {
    const Owned<T> held = this->guarded([&] { return update_stored(value); });
    if (emits_updates_) this->next().process(held.get(), time);
  }
  [[nodiscard]] Owned<T> update_stored(const T& value) {
    const auto& key = std::invoke(key_, value);
    current_key_.set(static_cast<const Key&>(key));
    const KeyView view = current_key_.get();
    const T* const known = rows_->get(view);
    Owned<T> held(known == nullptr ? value : *known);
    if (known != nullptr) fold(held, value);
    rows_->set(view, held.get());
    return held;
  }

  // Configuration.
  const KeyFunction key_;
  const bool emits_updates_;
  // Bound at open: one of them.
  Table* table_ = nullptr;
  StoreTable<T>* rows_ = nullptr;
  CurrentKey current_key_;
};

/// Fold by a function of two records that returns one, of the same key.
template <class T, class Function>
struct ReduceFold {
  static constexpr bool kMakesKey = true;  // and so may get it wrong
  Function reduce;
  void operator()(Owned<T>& held, const T& value) { held.assign(reduce(held.get(), value)); }
  [[nodiscard]] Function& users_function() { return reduce; }
  [[nodiscard]] const Function& users_function() const { return reduce; }
};

/// Folds that change one field in place. `Field` is a member pointer, or a function that returns a reference.
template <class T, class Field>
struct FieldFold {
  using Value = std::remove_cvref_t<std::invoke_result_t<const Field&, T&>>;
  static_assert(std::is_lvalue_reference_v<std::invoke_result_t<const Field&, T&>>,
                "the field is named by a member pointer or by a function that returns a reference to it");
  static_assert(!Borrows<Value>::value,
                "a field that borrows its text cannot be aggregated: make it a std::string");
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

// The whole record with the least or greatest field. Of equals the one that came first stays.
template <class T, class Field>
struct MinByFold {
  Field field;
  void operator()(Owned<T>& held, const T& value) {
    if (std::invoke(field, value) < std::invoke(field, held.get())) held.assign(value);
  }
};

template <class T, class Field>
struct MaxByFold {
  Field field;
  void operator()(Owned<T>& held, const T& value) {
    if (std::invoke(field, held.get()) < std::invoke(field, value)) held.assign(value);
  }
};

}  // namespace weir
