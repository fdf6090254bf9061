// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace fields {

/// Takes the text up to the next separator off a line.
inline std::string_view next(std::string_view& line, char separator) {
  const std::size_t end = line.find(separator);
  const std::string_view field = line.substr(0, end);
  line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  return field;
}

/// Throws std::invalid_argument, naming the text, if it is no number.
template <class Number>
Number number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    throw std::invalid_argument("'" + std::string(text) + "' is no number");
  return value;
}

}  // namespace fields
