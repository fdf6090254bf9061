// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <boost/pfr.hpp>

#include "memory/serializers_std.h"

namespace weir::testing {

using Random = std::mt19937_64;

/// Small numbers, edges and any bits, so that lengths and comparisons meet all three. Floats are never NaN: a
/// value can be compared with itself.
template <detail::Number T>
T random_number(Random& random) {
  using Limits = std::numeric_limits<T>;
  constexpr T kEdges[] = {Limits::min(), Limits::max(), Limits::lowest(), T{0}, T{1}};
  switch (random() % 3) {
    case 0: return static_cast<T>(random() % 100);
    case 1: return kEdges[random() % std::size(kEdges)];
    default: break;
  }
  if constexpr (std::floating_point<T>)
    return static_cast<T>(std::uniform_real_distribution<double>(-1e9, 1e9)(random));
  else return static_cast<T>(random());
}

/// Any bytes; mostly short, sometimes longer than what one varint byte counts, seldom longer than a small
/// segment.
inline std::string random_text(Random& random) {
  constexpr std::size_t kMostBytes[] = {0, 8, 8, 40, 40, 300, 300, 5000};
  std::string text(random() % (kMostBytes[random() % std::size(kMostBytes)] + 1), '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

/// Any value of a type that serialises and owns what it has.
template <class T>
T random_value(Random& random);

namespace detail {

using namespace weir::detail;

template <class T> inline constexpr bool is_optional = false;
template <class T> inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
concept TupleLike = requires { std::tuple_size<T>::value; } && !is_std_array<T>;

template <Container C>
C random_container(Random& random) {
  using Element = typename ElementOf<typename C::value_type>::type;
  C all;
  for (auto count = random() % 5 * (random() % 5); count > 0; --count)
    all.insert(all.end(), random_value<Element>(random));
  return all;
}

}  // namespace detail

template <class T>
T random_value(Random& random) {
  if constexpr (std::same_as<T, bool>) return random() % 2 == 0;
  else if constexpr (detail::Number<T>) return random_number<T>(random);
  else if constexpr (std::is_enum_v<T>)
    return static_cast<T>(random_number<std::underlying_type_t<T>>(random));
  else if constexpr (std::same_as<T, std::string>) return random_text(random);
  else if constexpr (detail::is_optional<T>) {
    return random() % 2 == 0 ? T{} : T{random_value<typename T::value_type>(random)};
  } else if constexpr (detail::Container<T>) return detail::random_container<T>(random);
  else {
    T value{};
    const auto fill = [&]<class Part>(Part& part) { part = random_value<Part>(random); };
    if constexpr (detail::is_std_array<T>) for (auto& part : value) fill(part);
    else if constexpr (detail::TupleLike<T>) std::apply([&](auto&... parts) { (fill(parts), ...); }, value);
    else boost::pfr::for_each_field(value, fill);
    return value;
  }
}

}  // namespace weir::testing
