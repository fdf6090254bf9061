// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

#include "memory/key_order.h"

namespace weir {

enum class SortOrder : std::uint8_t { Ascending, Descending };

template <class First, class Second>
struct SortKeys;

/// Records by a key of theirs. `KeyFunction` is a member pointer or a function.
template <class KeyFunction>
struct SortKey {
  template <class T>
  using KeyOf = std::remove_cvref_t<std::invoke_result_t<const KeyFunction&, const T&>>;
  template <class T>
  static constexpr bool kPrefixDecides = KeyOrder<KeyOf<T>>::kPrefixDecides;

  KeyFunction key;
  SortOrder order = SortOrder::Ascending;

  /// Where that is equal, by another key.
  template <class Other>
  [[nodiscard]] SortKeys<SortKey, SortKey<Other>> then(Other other,
                                                       SortOrder by = SortOrder::Ascending) const;

  template <class T>
  [[nodiscard]] std::uint64_t prefix(const T& value) const {
    const std::uint64_t prefix = KeyOrder<KeyOf<T>>::prefix(std::invoke(key, value));
    return order == SortOrder::Ascending ? prefix : ~prefix;
  }
  template <class T>
  [[nodiscard]] int compare(const T& a, const T& b) const {
    const int result = KeyOrder<KeyOf<T>>::compare(std::invoke(key, a), std::invoke(key, b));
    return order == SortOrder::Ascending ? result : -result;
  }
};

/// By one key, and where that is equal by another.
template <class First, class Second>
struct SortKeys {
  template <class T>
  static constexpr bool kPrefixDecides = false;

  First first;
  Second second;

  template <class Other>
  [[nodiscard]] SortKeys<SortKeys, SortKey<Other>> then(Other other,
                                                        SortOrder by = SortOrder::Ascending) const {
    return {*this, {std::move(other), by}};
  }

  template <class T>
  [[nodiscard]] std::uint64_t prefix(const T& value) const {
    return first.prefix(value);
  }
  template <class T>
  [[nodiscard]] int compare(const T& a, const T& b) const {
    const int result = first.compare(a, b);
    return result != 0 ? result : second.compare(a, b);
  }
};

template <class KeyFunction>
template <class Other>
SortKeys<SortKey<KeyFunction>, SortKey<Other>> SortKey<KeyFunction>::then(Other other, SortOrder by) const {
  return {*this, {std::move(other), by}};
}

/// sort_key(&Sale::shop).then(&Sale::cents, SortOrder::Descending)
template <class KeyFunction>
[[nodiscard]] SortKey<KeyFunction> sort_key(KeyFunction key, SortOrder order = SortOrder::Ascending) {
  return {std::move(key), order};
}

template <class By, class T>
concept SortsBy = requires(const By& by, const T& value) {
  { by.prefix(value) } -> std::same_as<std::uint64_t>;
  { by.compare(value, value) } -> std::same_as<int>;
};

/// The key of a record that is its own.
struct WholeRecord {
  template <class T>
  const T& operator()(const T& value) const {
    return value;
  }
};

}  // namespace weir
