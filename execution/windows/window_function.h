// SPDX-License-Identifier: Apache-2.0
// How the function of a window is called when the window speaks. Any of these will do:
//
//   (const K& key, const W& window, const Result& result, Out<R>& out)
//   (const K& key, WindowContext<W, State>& context, const Result& result, Out<R>& out)
//   (const W& window, const Result& result, Out<R>& out)                   and likewise with a context
//
// Result is what the contents yield: the reduced record, the aggregate, or all records. State is the
// function's own, per key and window: its `struct WindowState`, if it has one. What else it may have, such as
// open(RuntimeContext&), where it may ask for state per key, is in execution/operators/function_operator.h.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <type_traits>
#include <utility>
#include <vector>

#include "execution/operators/input.h"
#include "execution/windows/evictors.h"
#include "execution/windows/window.h"

namespace weir {

/// The records of a window, in the order of their coming: `for (const T& each : elements)`.
template <class T>
class WindowElements {
public:
  class Iterator {
  public:
    using iterator_category = std::random_access_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = const T*;
    using reference = const T&;

    Iterator() = default;
    explicit Iterator(const Timed<T>* at) : at_(at) {}
    reference operator*() const { return at_->value; }
    pointer operator->() const { return &at_->value; }
    Iterator& operator++() { ++at_; return *this; }
    Iterator operator++(int) { return Iterator(at_++); }
    Iterator& operator--() { --at_; return *this; }
    Iterator operator--(int) { return Iterator(at_--); }
    Iterator& operator+=(difference_type n) { at_ += n; return *this; }
    Iterator& operator-=(difference_type n) { at_ -= n; return *this; }
    friend Iterator operator+(Iterator i, difference_type n) { return i += n; }
    friend Iterator operator+(difference_type n, Iterator i) { return i += n; }
    friend Iterator operator-(Iterator i, difference_type n) { return i -= n; }
    friend difference_type operator-(Iterator a, Iterator b) { return a.at_ - b.at_; }
    reference operator[](difference_type n) const { return at_[n].value; }
    auto operator<=>(const Iterator&) const = default;

  private:
    const Timed<T>* at_ = nullptr;
  };

  explicit WindowElements(const std::vector<Timed<T>>& elements) : elements_(&elements) {}

  [[nodiscard]] Iterator begin() const { return Iterator(elements_->data()); }
  [[nodiscard]] Iterator end() const { return Iterator(elements_->data() + elements_->size()); }
  [[nodiscard]] std::size_t size() const { return elements_->size(); }
  [[nodiscard]] bool empty() const { return elements_->empty(); }
  [[nodiscard]] const T& operator[](std::size_t i) const { return (*elements_)[i].value; }
  /// With their times.
  [[nodiscard]] const std::vector<Timed<T>>& timed() const { return *elements_; }

private:
  const std::vector<Timed<T>>* elements_;
};

/// Of functions that keep nothing of a window.
struct NoWindowState {};

/// What a window's function may know of the moment.
template <class W, class State = NoWindowState>
class WindowContext {
public:
  WindowContext(const W& window, State& state, std::int64_t watermark, std::int64_t now)
      : state(state), window_(window), watermark_(watermark), now_(now) {}

  [[nodiscard]] const W& window() const { return window_; }
  [[nodiscard]] std::int64_t watermark() const { return watermark_; }
  /// The wall clock.
  [[nodiscard]] std::int64_t now() const { return now_; }

  State& state;  // of this key and window; it goes with the window

private:
  const W& window_;
  const std::int64_t watermark_;
  const std::int64_t now_;
};

namespace detail {

template <class F>
struct WindowStateOf {
  using Type = NoWindowState;
};
template <class F>
  requires requires { typename F::WindowState; }
struct WindowStateOf<F> {
  using Type = typename F::WindowState;
};

template <class F, class K, class W, class State, class Result, class R>
void call_window_function(F& function, const K& key, WindowContext<W, State>& context, const Result& result,
                          Out<R>& out) {
  if constexpr (std::invocable<F&, const K&, const W&, const Result&, Out<R>&>) {
    function(key, context.window(), result, out);
  } else if constexpr (std::invocable<F&, const K&, WindowContext<W, State>&, const Result&, Out<R>&>) {
    function(key, context, result, out);
  } else if constexpr (std::invocable<F&, const W&, const Result&, Out<R>&>) {
    function(context.window(), result, out);
  } else {
    static_assert(std::invocable<F&, WindowContext<W, State>&, const Result&, Out<R>&>,
                  "the function of a window takes (const K& key, const W& window, const Result& result, "
                  "Out<R>& out)");
    function(context, result, out);
  }
}

}  // namespace detail

/// The function of windows that say just their result.
struct SayResult {
  template <class K, class W, class Result, class R>
  void operator()(const K&, const W&, const Result& result, Out<R>& out) const {
    out(result);
  }
};

/// A function of windows that keep all records, because an evictor takes some of them away: makes of what is
/// left what the window's own function is called with.
template <class T, class Contents, class Function>
class GatheringFunction {
public:
  using WindowState = typename detail::WindowStateOf<Function>::Type;

  GatheringFunction(Contents contents, Function function)
      : contents_(std::move(contents)), function_(std::move(function)) {}

  [[nodiscard]] auto& users_function() { return function_; }
  [[nodiscard]] const auto& users_function() const { return function_; }

  template <class K, class W, class R>
  void operator()(const K& key, WindowContext<W, WindowState>& context, const WindowElements<T>& elements,
                  Out<R>& out) {
    typename Contents::Accumulator held{};
    bool is_new = true;
    for (const Timed<T>& each : elements.timed()) {
      contents_.add(held, is_new, each.value, each.time);
      is_new = false;
    }
    decltype(auto) result = contents_.result(held);
    detail::call_window_function(function_, key, context, result, out);
  }

private:
  Contents contents_;
  Function function_;
};

}  // namespace weir
