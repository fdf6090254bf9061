// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace weir {

namespace detail {

template <std::size_t kIndex>
struct Element {
  template <class Tuple>
  constexpr decltype(auto) operator()(Tuple&& tuple) const {
    return std::get<kIndex>(std::forward<Tuple>(tuple));
  }
};

template <class T> inline constexpr bool kIsTuple = false;
template <class... Ts> inline constexpr bool kIsTuple<std::tuple<Ts...>> = true;
template <class A, class B> inline constexpr bool kIsTuple<std::pair<A, B>> = true;

}  // namespace detail

/// Names an element of a tuple, as a member pointer names one of a struct:
/// `key_by(element<0>).sum(element<1>)`.
template <std::size_t kIndex>
inline constexpr detail::Element<kIndex> element{};

}  // namespace weir
