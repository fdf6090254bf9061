// SPDX-License-Identifier: Apache-2.0
// The names of a plain struct and of its members, which the language does not tell: they are cut out of the
// compiler's own text for a template's argument. Tested with g++ 12 and clang 14.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include <boost/pfr.hpp>

namespace weir {

namespace detail {

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#pragma clang diagnostic ignored "-Wundefined-internal"
#endif

template <class T>
struct NameHost {
  T value;
};
/// Never defined: only the addresses of its parts are named.
template <class T>
extern const NameHost<T> name_host;

/// clang 14 takes the address of a part as a template's argument only in a struct.
template <class Pointer>
struct PartAddress {
  Pointer address;
};

template <auto part>
constexpr std::string_view signature_with_part() {
  return __PRETTY_FUNCTION__;  // g++ "...Order::id)}; std::string_view = ...]", clang "...value.id}]"
}
template <class T>
constexpr std::string_view signature_with_type() {
  return __PRETTY_FUNCTION__;  // g++ "... [with T = app::Order; ...]", clang "... [T = app::Order]"
}

template <class T, std::size_t i>
constexpr auto address_of_part() {
  const auto& part = boost::pfr::detail::sequence_tuple::get<i>(
      boost::pfr::detail::tie_as_tuple(name_host<T>.value));
  return PartAddress<decltype(std::addressof(part))>{std::addressof(part)};
}

#if defined(__clang__)
#pragma clang diagnostic pop
#endif

/// The last name in a text: what stands behind its last ':' or '.'.
constexpr std::string_view last_name(std::string_view text) {
  const std::size_t before = text.find_last_of(":. ");
  return before == text.npos ? text : text.substr(before + 1);
}

/// Without the template arguments at the end.
constexpr std::string_view without_arguments(std::string_view text) {
  if (!text.ends_with('>')) return text;
  std::size_t at = text.size();
  for (int depth = 0; at > 0;) {
    --at;
    if (text[at] == '>') ++depth;
    if (text[at] == '<' && --depth == 0) break;
  }
  return text.substr(0, at);
}

}  // namespace detail

/// The name of the i-th member of a plain struct.
template <class T, std::size_t i>
[[nodiscard]] constexpr std::string_view field_name() {
  constexpr std::string_view signature = detail::signature_with_part<detail::address_of_part<T, i>()>();
  std::string_view name = signature.substr(0, signature.rfind('}'));
  if (name.ends_with(')')) name.remove_suffix(1);
  return detail::last_name(name);
}

/// The name of a struct without its namespaces and template arguments.
template <class T>
[[nodiscard]] constexpr std::string_view type_name() {
  constexpr std::string_view signature = detail::signature_with_type<T>();
  constexpr std::string_view kMark = "T = ";
  std::string_view name = signature.substr(signature.find(kMark) + kMark.size());
  name = name.substr(0, name.find_last_of(';') == name.npos ? name.rfind(']') : name.find_last_of(';'));
  return detail::last_name(detail::without_arguments(name));
}

}  // namespace weir
