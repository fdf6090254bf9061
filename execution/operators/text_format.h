// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <concepts>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

#include "memory/serializers_std.h"

namespace weir {

namespace detail {
template <class T>
concept Streamable = requires(std::ostream& out, const T& value) { out << value; };
template <class T>
concept Tuple = requires { std::tuple_size<T>::value; } && !is_std_array<T>;
template <class T>
concept Range = requires(const T& range) {
  range.begin();
  range.end();
};
template <class T>
concept Optional = requires(const T& value) {
  value.has_value();
  *value;
};
}  // namespace detail

/// Appends a record as people read it: text as it is, numbers shortest, structs and tuples as "(a,b)",
/// containers as "[a, b]", an optional without a value as nothing, and whatever has an operator<< by that.
template <class T>
void format_record(std::string& out, const T& value) {
  if constexpr (std::convertible_to<const T&, std::string_view>) {
    out += std::string_view(value);
  } else if constexpr (std::same_as<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::same_as<T, char>) {
    out += value;
  } else if constexpr (detail::Number<T>) {
    char digits[40];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  } else if constexpr (detail::Streamable<T>) {
    std::ostringstream text;
    text << value;
    out += text.str();
  } else if constexpr (std::is_enum_v<T>) {
    format_record(out, static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (detail::Optional<T>) {
    if (value.has_value()) format_record(out, *value);
  } else if constexpr (detail::Range<T>) {
    out += '[';
    bool first = true;
    for (const auto& element : value) {
      if (!first) out += ", ";
      first = false;
      format_record(out, element);
    }
    out += ']';
  } else {
    bool first = true;
    const auto part = [&](const auto& field) {
      out += first ? '(' : ',';
      first = false;
      format_record(out, field);
    };
    if constexpr (detail::Tuple<T>) std::apply([&](const auto&... parts) { (part(parts), ...); }, value);
    else boost::pfr::for_each_field(value, part);
    out += first ? "()" : ")";
  }
}

}  // namespace weir
