// SPDX-License-Identifier: Apache-2.0
// What a function object of the user's may have besides operator(). Nothing is derived from: what is there is
// called, and what is not costs nothing.
//
//     void open(RuntimeContext&)                   before the first record: ask for states here
//     void close()                                 after the last one, also after a failure
//     void snapshot(CheckpointId)                  state is taken as soon as this returns
//     void on_checkpoint_complete(CheckpointId)    this checkpoint, and so all before it, will not be undone
//     void on_checkpoint_aborted(CheckpointId)
//     auto states() const                          descriptors of its states, as a std::tuple: what an older
//                                                  program kept is then held against them at submission
//
// Functions of two inputs have first() and second() in place of operator(), those with timers process().
#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "execution/operators/operator.h"
#include "execution/operators/runtime_context.h"

namespace weir {

template <class F>
concept Opens = requires(F& function, RuntimeContext& context) { function.open(context); };
/// What comes with the library may see more than a user's function does.
template <class F>
concept OpensItsOperator = requires(F& function, OperatorContext& context) { function.open(context); };
template <class F>
concept Closes = requires(F& function) { function.close(); };
template <class F>
concept TakesSnapshots = requires(F& function, CheckpointId checkpoint) { function.snapshot(checkpoint); };
template <class F>
concept HearsOfCheckpoints =
    requires(F& function, CheckpointId checkpoint) { function.on_checkpoint_complete(checkpoint); };
template <class F>
concept HearsOfAborts =
    requires(F& function, CheckpointId checkpoint) { function.on_checkpoint_aborted(checkpoint); };
template <class F>
concept DeclaresStates =
    requires(const F& function) { std::tuple_size<decltype(function.states())>::value; };

namespace detail {

template <class Tuple>
inline constexpr bool kHasKeyedState = false;
template <class... Descriptors>
inline constexpr bool kHasKeyedState<std::tuple<Descriptors...>> = (is_keyed(Descriptors::kKind) || ...);

/// Bytes of the function's own making have no type that a checkpoint could be held against.
template <class Descriptor>
void add_declared(std::vector<StateInfo>& states, const Descriptor& state) {
  if constexpr (!std::is_same_v<Descriptor, RawKeyedStateDescriptor>) states.push_back(state.info());
}

}  // namespace detail

template <class F>
concept DeclaresKeyedState = DeclaresStates<F> &&
                             detail::kHasKeyedState<decltype(std::declval<const F&>().states())>;

/// All but the keys, which the operator knows.
template <class F>
[[nodiscard]] std::vector<StateInfo> declared_states(const F& function) {
  if constexpr (DeclaresStates<F>) {
    std::vector<StateInfo> states;
    std::apply([&](const auto&... each) { (detail::add_declared(states, each), ...); }, function.states());
    return states;
  } else {
    return {};
  }
}

/// The calls of a function's life, of which it may have any.
template <class F>
struct FunctionLife {
  static_assert(Opens<F> || OpensItsOperator<F> || !requires { &F::open; },
                "open() of a function takes a weir::RuntimeContext&");
  static_assert(Closes<F> || !requires { &F::close; }, "close() of a function takes nothing");
  static_assert(TakesSnapshots<F> || !requires { &F::snapshot; },
                "snapshot() of a function takes a weir::CheckpointId");
  static_assert(HearsOfCheckpoints<F> || !requires { &F::on_checkpoint_complete; },
                "on_checkpoint_complete() of a function takes a weir::CheckpointId");
  static_assert(DeclaresStates<F> || !requires { &F::states; },
                "states() of a function is const and returns a std::tuple of descriptors");

  static void open(F& function, OperatorContext& context) {
    if constexpr (Opens<F>) {
      RuntimeContext runtime(context);
      function.open(runtime);
    } else if constexpr (OpensItsOperator<F>) {
      function.open(context);
    }
  }
  static void close(F& function) {
    if constexpr (Closes<F>) function.close();
  }
  static void snapshot(F& function, CheckpointId checkpoint) {
    if constexpr (TakesSnapshots<F>) function.snapshot(checkpoint);
  }
  static void on_checkpoint_complete(F& function, CheckpointId checkpoint) {
    if constexpr (HearsOfCheckpoints<F>) function.on_checkpoint_complete(checkpoint);
  }
  static void on_checkpoint_aborted(F& function, CheckpointId checkpoint) {
    if constexpr (HearsOfAborts<F>) function.on_checkpoint_aborted(checkpoint);
  }
};

/// The user's function, out of what an operator has made of it.
template <class F>
[[nodiscard]] auto& users_function(F& function) {
  if constexpr (requires { function.users_function(); }) return users_function(function.users_function());
  else return function;
}

/// The calls of the life of the user's function that is in there.
template <class Function>
using LifeOf = FunctionLife<std::remove_reference_t<decltype(users_function(std::declval<Function&>()))>>;

/// The states that it declares, with what the operator knows of its keys: `key` is their schema.
template <class Function>
[[nodiscard]] std::vector<StateInfo> keyed_states_of(const Function& function, const std::string& key) {
  std::vector<StateInfo> states = declared_states(users_function(function));
  for (StateInfo& state : states)
    if (is_keyed(state.kind)) state.key = key;
  return states;
}

/// An operator around one function of the user's, which is told what happens to the operator.
template <class Base, class Function>
class FunctionOperator : public Base {
  using Life = LifeOf<Function>;

public:
  explicit FunctionOperator(Function function) : function_(std::move(function)) {}

  void open(OperatorContext& context) override { Life::open(users_function(function_), context); }
  void snapshot(CheckpointId checkpoint) override { Life::snapshot(users_function(function_), checkpoint); }
  void on_checkpoint_complete(CheckpointId checkpoint) override {
    Life::on_checkpoint_complete(users_function(function_), checkpoint);
  }
  void on_checkpoint_aborted(CheckpointId checkpoint) override {
    Life::on_checkpoint_aborted(users_function(function_), checkpoint);
  }
  void close() override { Life::close(users_function(function_)); }

  /// Those that the function declares.
  [[nodiscard]] std::vector<StateInfo> states() const { return declared_states(users_function(function_)); }

protected:
  [[nodiscard]] Function& function() { return function_; }
  [[nodiscard]] const Function& function() const { return function_; }

private:
  Function function_;
};

/// An operator whose function may keep state by key: each record's key is the current one while it is
/// processed.
template <class Op, class KeyFunction>
class Keyed final : public Op {
public:
  using In = typename Op::In;

private:
  using Key = std::remove_cvref_t<std::invoke_result_t<const KeyFunction&, const In&>>;
  static_assert(Serializable<Key>, "a key is kept in checkpoints: specialise weir::Serializer for its type");

public:
  template <class... Args>
  explicit Keyed(KeyFunction key, Args&&... args) : Op(std::forward<Args>(args)...), key_(std::move(key)) {}

  void open(OperatorContext& context) override {
    state_ = &context.keyed_state();
    state_->use_key<Key>();
    Op::open(context);
  }

  [[nodiscard]] std::vector<StateInfo> states() const {
    std::vector<StateInfo> states = Op::states();
    for (StateInfo& state : states)
      if (is_keyed(state.kind)) state.key = schema_of<Key>();
    return states;
  }

  void process(const In& value, EventTime time) override {
    decltype(auto) key = this->guarded([&]() -> decltype(auto) { return std::invoke(key_, value); });
    state_->set_current_key(key);
    Op::process(value, time);
    state_->clear_current_key();
  }

private:
  // Configuration.
  const KeyFunction key_;
  // Bound at open.
  KeyedBackend* state_ = nullptr;
};

}  // namespace weir
