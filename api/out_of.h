// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>

#include "execution/operators/input.h"

namespace weir {
template <class R> class AsyncResult;
}

namespace weir::detail {

template <class T> struct RecordOfOut { using type = void; };
template <class T> struct RecordOfOut<Out<T>&> { using type = T; };
template <class T> struct RecordOfOut<AsyncResult<T>> { using type = T; };
template <class T> struct RecordOfOut<const AsyncResult<T>&> { using type = T; };

/// The T of the `Out<T>&` or `AsyncResult<T>` that comes last in a list of parameters. void if there is none.
template <class... Args>
struct LastOut : RecordOfOut<std::tuple_element_t<sizeof...(Args) - 1, std::tuple<Args...>>> {};
template <>
struct LastOut<> { using type = void; };

/// The same of a function: pointer, lambda or object with one operator(). void if it is generic.
template <class F> struct OutOf { using type = void; };
template <class R, class... Args> struct OutOf<R (*)(Args...)> : LastOut<Args...> {};
template <class R, class C, class... Args> struct OutOf<R (C::*)(Args...)> : LastOut<Args...> {};
template <class R, class C, class... Args> struct OutOf<R (C::*)(Args...) const> : LastOut<Args...> {};
template <class F>
  requires requires { &F::operator(); }
struct OutOf<F> : OutOf<decltype(&F::operator())> {};

/// The same of an object's member first(). void if that is generic or overloaded.
template <class F> struct OutOfFirst { using type = void; };
template <class F>
  requires requires { &F::first; }
struct OutOfFirst<F> : OutOf<decltype(&F::first)> {};

/// The same of an object's member process().
template <class F> struct OutOfProcess { using type = void; };
template <class F>
  requires requires { &F::process; }
struct OutOfProcess<F> : OutOf<decltype(&F::process)> {};

}  // namespace weir::detail
