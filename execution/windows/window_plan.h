// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

#include "checkpoint/state/name_space.h"
#include "execution/operators/function_operator.h"
#include "execution/operators/input.h"
#include "execution/windows/assigners.h"
#include "execution/windows/contents.h"
#include "execution/windows/window_function.h"

namespace weir {

/// All that a program says of its windows.
template <class T_, class R_, class KeyFunction_, class Assigner_, class Trigger_, class Evictor_,
          class Contents_, class Function_>
struct WindowPlan {
  using T = T_;
  using R = R_;
  using KeyFunction = KeyFunction_;
  using Assigner = Assigner_;
  using Trigger = Trigger_;
  using Evictor = Evictor_;
  using Contents = Contents_;
  using Function = Function_;

  using GivenKey = std::remove_cvref_t<std::invoke_result_t<const KeyFunction&, const T&>>;
  using K = KeptKeyOf<GivenKey>;
  using Window = typename Assigner::Window;
  using Accumulator = typename Contents::Accumulator;
  using Result = std::remove_cvref_t<
      decltype(std::declval<const Contents&>().result(std::declval<const Accumulator&>()))>;
  using WindowState = typename detail::WindowStateOf<Function>::Type;

  static_assert(!Borrows<Accumulator>::value,
                "what a window keeps outlives the buffer it came in: use std::string, not std::string_view");
  static_assert(!Assigner::kIsMerging || MergingTrigger<Trigger>,
                "windows that merge (sessions) cannot have this trigger: it has no merge()");
  static_assert(!Assigner::kIsMerging || MergingContents<Contents>,
                "windows that merge (sessions) need contents that merge: reduce, process, or an aggregate "
                "with merge(Accumulator& into, const Accumulator& from)");
  static_assert(!Assigner::kIsMerging || std::is_empty_v<WindowState> ||
                    requires(WindowState& into, const WindowState& from) { into.merge(from); },
                "the WindowState of a function of windows that merge has a merge(const WindowState&)");

  static constexpr bool kEvicts = !std::same_as<Evictor, NoEvictor>;
  /// Whether only the function's own call can tell that the windows are made of slices.
  static constexpr bool kMayBeSliced = std::derived_from<Assigner, detail::AlignedWindows<true>> &&
                                       std::same_as<Trigger, EventTimeTrigger> && !kEvicts &&
                                       std::is_empty_v<WindowState>;
  using UsersFunction = std::remove_cvref_t<decltype(users_function(std::declval<Function&>()))>;
  /// Whether the function may have asked for state by key.
  static constexpr bool kMayKeepState = Opens<UsersFunction> || OpensItsOperator<UsersFunction>;

  KeyFunction key;
  Assigner assigner;
  Trigger trigger;
  Evictor evictor;
  Contents contents;
  Function function;
  std::int64_t allowed_lateness = 0;  // ms

  /// When a window is forgotten. kForever: never.
  [[nodiscard]] std::int64_t cleanup_time(const Window& window) const {
    if constexpr (Assigner::kIsEventTime)
      return window_math::saturating_add(window.max_timestamp(), allowed_lateness);
    return window.max_timestamp();
  }

  /// The function's view of what a window has.
  static decltype(auto) shown(const Result& result) {
    if constexpr (requires { requires std::same_as<Result, std::vector<Timed<T>>>; })
      return WindowElements<T>(result);
    else return (result);
  }
  using Shown = std::remove_cvref_t<decltype(shown(std::declval<const Result&>()))>;

  /// Calls the function.
  void speak(const K& key_of_window, const Window& window, const Accumulator& held, WindowState& own,
             std::int64_t watermark, std::int64_t now, Input<R>& next) {
    Out<R> out(next, EventTime{window.max_timestamp()});
    decltype(auto) result = contents.result(held);
    WindowContext<Window, WindowState> context(window, own, watermark, now);
    detail::call_window_function(function, key_of_window, context, shown(result), out);
  }
};

/// What windows need of the operator that they are in. A port.
template <class T, class R>
class WindowHost {
public:
  virtual ~WindowHost() = default;
  [[nodiscard]] virtual std::int64_t watermark() const = 0;
  [[nodiscard]] virtual std::int64_t now() const = 0;
  virtual void wake_at(std::int64_t time) = 0;
  [[nodiscard]] virtual Input<R>& next_input() = 0;
  /// All windows of the record are gone.
  virtual void on_late(const T& value, std::int64_t time) = 0;
};

}  // namespace weir
