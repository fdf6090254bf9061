// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "api/data_stream.h"

namespace weir {

namespace detail {

/// Whether what a splitting function says of a record, one name or several, has one of those that are wanted.
template <class Names>
[[nodiscard]] bool is_selected(const Names& names, const std::vector<std::string>& wanted) {
  const auto is_wanted = [&](std::string_view name) {
    return std::ranges::find(wanted, name) != wanted.end();
  };
  if constexpr (std::is_convertible_v<const Names&, std::string_view>) return is_wanted(names);
  else return std::ranges::any_of(names, is_wanted);
}

}  // namespace detail

/// A stream whose records have been given names: select() takes those of some.
template <Record T, class Function>
class SplitStream {
public:
  SplitStream(DataStream<T> stream, Function function)
      : stream_(std::move(stream)), function_(std::move(function)) {}

  /// The records of which the function said any of these names.
  template <class... Names>
    requires(sizeof...(Names) > 0 && (std::is_convertible_v<Names, std::string> && ...))
  OperatorStream<T> select(Names... names) {
      return stream_.filter(
          [function = function_, wanted = std::vector<std::string>{std::string(names)...}](
              const T& value) mutable { return detail::is_selected(std::invoke(function, value), wanted); });
  }

private:
  DataStream<T> stream_;
  Function function_;
};

template <Record T>
template <class F>
  requires std::invocable<F&, const T&>
SplitStream<T, F> DataStream<T>::split(F function) const {
  return {*this, std::move(function)};
}

}  // namespace weir
