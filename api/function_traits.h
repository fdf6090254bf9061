// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include "execution/operators/input.h"

namespace weir::detail {

/// In place of the key function of a stream that has none.
struct NoKey {};

template <class T> struct OutRecord { using type = void; };
template <class T> struct OutRecord<Out<T>&> { using type = T; };

/// The T of the `Out<T>&` that a flat-map function takes second. void if the function is generic or takes
/// none.
template <class F> struct FlatMapResult { using type = void; };
template <class R, class A, class O> struct FlatMapResult<R (*)(A, O)> : OutRecord<O> {};
template <class R, class C, class A, class O> struct FlatMapResult<R (C::*)(A, O)> : OutRecord<O> {};
template <class R, class C, class A, class O> struct FlatMapResult<R (C::*)(A, O) const> : OutRecord<O> {};
template <class F>
  requires requires { &F::operator(); }
struct FlatMapResult<F> : FlatMapResult<decltype(&F::operator())> {};

}  // namespace weir::detail
