// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/pfr.hpp>

#include "memory/serializers_std.h"

namespace weir {

/// The order by which values are sorted and grouped, one for all machines: numbers by size (-0.0 is 0.0, what
/// is no number comes last), text byte by byte, optionals with nothing first, and pairs, tuples, arrays,
/// vectors and plain structs by their parts from first to last. A type of your own has its operator<, or
/// specialises this.
///
/// compare()      negative, 0 or positive.
/// prefix()       the beginning of the value as a number of which it holds that a lesser prefix is of a
///                lesser value: most comparisons of a sort need to look no further.
/// kPrefixDecides equal prefixes are of equal values.
template <class K>
struct KeyOrder {
  static_assert(requires(const K& a, const K& b) { { a < b } -> std::convertible_to<bool>; },
                "a sort key is a number, text, or made of these; else it has an operator<, or specialises "
                "weir::KeyOrder");
  static constexpr bool kPrefixDecides = false;
  static std::uint64_t prefix(const K&) { return 0; }
  static int compare(const K& a, const K& b) { return a < b ? -1 : b < a ? 1 : 0; }
};

template <class K>
  requires(std::integral<K> || std::is_enum_v<K>)
struct KeyOrder<K> {
  static constexpr bool kPrefixDecides = true;
  static std::uint64_t prefix(K key) {
    const auto plain = static_cast<typename detail::PlainNumber<K>::type>(key);
    if constexpr (std::is_signed_v<decltype(plain)>)
      return static_cast<std::uint64_t>(static_cast<std::int64_t>(plain)) ^ kSign;
    else return static_cast<std::uint64_t>(plain);
  }
  static int compare(K a, K b) { return prefix(a) < prefix(b) ? -1 : prefix(b) < prefix(a) ? 1 : 0; }

private:
  static constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
};

template <std::floating_point K>
struct KeyOrder<K> {
  static constexpr bool kPrefixDecides = sizeof(K) <= sizeof(double);
  static std::uint64_t prefix(K key) {
    constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
    if (key != key) return ~std::uint64_t{0};
    const auto bits = std::bit_cast<std::uint64_t>(key == K{0} ? 0.0 : static_cast<double>(key));
    return (bits & kSign) != 0 ? ~bits : bits | kSign;
  }
  static int compare(K a, K b) { return prefix(a) < prefix(b) ? -1 : prefix(b) < prefix(a) ? 1 : 0; }
};

template <>
struct KeyOrder<std::string_view> {
  static constexpr bool kPrefixDecides = false;
  static std::uint64_t prefix(std::string_view key) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, key.data(), key.size() < sizeof bytes ? key.size() : sizeof bytes);
    return __builtin_bswap64(bytes);
  }
  static int compare(std::string_view a, std::string_view b) { return a.compare(b); }
};
template <> struct KeyOrder<std::string> : KeyOrder<std::string_view> {};

namespace detail {

/// Of parts, the first of which decides the prefix.
template <class First, class... Rest>
struct PartsOrder {
  static constexpr bool kPrefixDecides = sizeof...(Rest) == 0 && KeyOrder<First>::kPrefixDecides;
};

template <class Tuple, std::size_t... i>
int compare_parts(const Tuple& a, const Tuple& b, std::index_sequence<i...>) {
  int result = 0;
  (void)((result = KeyOrder<std::remove_cvref_t<std::tuple_element_t<i, Tuple>>>::compare(std::get<i>(a),
                                                                                         std::get<i>(b)),
          result == 0) &&
         ...);
  return result;
}

}  // namespace detail

template <class A, class B>
struct KeyOrder<std::pair<A, B>> : detail::PartsOrder<A, B> {
  static std::uint64_t prefix(const std::pair<A, B>& key) { return KeyOrder<A>::prefix(key.first); }
  static int compare(const std::pair<A, B>& a, const std::pair<A, B>& b) {
    return detail::compare_parts(a, b, std::make_index_sequence<2>{});
  }
};

template <class... Ts>
  requires(sizeof...(Ts) > 0)
struct KeyOrder<std::tuple<Ts...>> : detail::PartsOrder<Ts...> {
  using First = std::tuple_element_t<0, std::tuple<Ts...>>;
  static std::uint64_t prefix(const std::tuple<Ts...>& key) {
    return KeyOrder<First>::prefix(std::get<0>(key));
  }
  static int compare(const std::tuple<Ts...>& a, const std::tuple<Ts...>& b) {
    return detail::compare_parts(a, b, std::index_sequence_for<Ts...>{});
  }
};

template <class T>
struct KeyOrder<std::optional<T>> {
  static constexpr bool kPrefixDecides = false;
  static std::uint64_t prefix(const std::optional<T>& key) { return key ? KeyOrder<T>::prefix(*key) : 0; }
  static int compare(const std::optional<T>& a, const std::optional<T>& b) {
    if (!a || !b) return static_cast<int>(a.has_value()) - static_cast<int>(b.has_value());
    return KeyOrder<T>::compare(*a, *b);
  }
};

namespace detail {

/// Sequences of any length: a beginning of another one is before it.
template <class C>
struct SequenceOrder {
  using T = typename C::value_type;
  static constexpr bool kPrefixDecides = false;
  static std::uint64_t prefix(const C& key) {
    return key.begin() == key.end() ? 0 : KeyOrder<T>::prefix(*key.begin());
  }
  static int compare(const C& a, const C& b) {
    auto one = a.begin();
    auto other = b.begin();
    for (; one != a.end() && other != b.end(); ++one, ++other) {
      const int parts = KeyOrder<T>::compare(*one, *other);
      if (parts != 0) return parts;
    }
    return static_cast<int>(one != a.end()) - static_cast<int>(other != b.end());
  }
};

}  // namespace detail

template <class T, class A> struct KeyOrder<std::vector<T, A>> : detail::SequenceOrder<std::vector<T, A>> {};
template <class T, std::size_t n>
struct KeyOrder<std::array<T, n>> : detail::SequenceOrder<std::array<T, n>> {};

template <detail::PlainAggregate K>
  requires(boost::pfr::tuple_size_v<K> > 0)
struct KeyOrder<K> {
  using First = std::remove_cv_t<boost::pfr::tuple_element_t<0, K>>;
  static constexpr bool kPrefixDecides = boost::pfr::tuple_size_v<K> == 1 && KeyOrder<First>::kPrefixDecides;
  static std::uint64_t prefix(const K& key) { return KeyOrder<First>::prefix(boost::pfr::get<0>(key)); }
  static int compare(const K& a, const K& b) {
    return compare(a, b, std::make_index_sequence<boost::pfr::tuple_size_v<K>>{});
  }

private:
  template <std::size_t... i>
  static int compare(const K& a, const K& b, std::index_sequence<i...>) {
    int result = 0;
    (void)((result = KeyOrder<std::remove_cv_t<boost::pfr::tuple_element_t<i, K>>>::compare(
                boost::pfr::get<i>(a), boost::pfr::get<i>(b)),
            result == 0) &&
           ...);
    return result;
  }
};

}  // namespace weir
