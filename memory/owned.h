// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "memory/serializers_std.h"

namespace weir {

/// Whether a T may point into memory that is not its own: it is, or has as a member, a std::string_view.
/// Such a record is a view of the buffer it came in and lives as long as the call that is handed it.
template <class T> struct Borrows : std::false_type {};
template <> struct Borrows<std::string_view> : std::true_type {};
template <class A, class B> struct Borrows<std::pair<A, B>> : std::disjunction<Borrows<A>, Borrows<B>> {};
template <class... Ts> struct Borrows<std::tuple<Ts...>> : std::disjunction<Borrows<Ts>...> {};
template <detail::PlainAggregate T> struct Borrows<T> : Borrows<detail::FieldsOf<T>> {};

namespace detail {

/// Calls `visit` with every std::string_view in `value`.
template <class T, class Visit>
void for_each_view(T& value, Visit&& visit) {
  using Plain = std::remove_const_t<T>;
  if constexpr (std::same_as<Plain, std::string_view>) {
    visit(value);
  } else if constexpr (!Borrows<Plain>::value) {
    return;
  } else if constexpr (PlainAggregate<Plain>) {
    boost::pfr::for_each_field(value, [&](auto& field) { for_each_view(field, visit); });
  } else {
    std::apply([&](auto&... parts) { (for_each_view(parts, visit), ...); }, value);
  }
}

}  // namespace detail

/// A value that outlives the buffer it was read from: what state keeps. For a T that owns what it has this is the T;
/// for one that borrows, the T and one block of bytes that its views point into. Moving it keeps the views valid.
template <class T>
class Owned {
public:
  Owned() = default;
  explicit Owned(const T& value) : value_(value) {}

  [[nodiscard]] const T& get() const { return value_; }
  /// For changes in place of what is not a view.
  [[nodiscard]] T& mutate() { return value_; }
  void assign(const T& value) { value_ = value; }

private:
  T value_{};
};

template <class T>
  requires Borrows<T>::value
class Owned<T> {
public:
  Owned() = default;
  explicit Owned(const T& value) { assign(value); }

  [[nodiscard]] const T& get() const { return value_; }
  [[nodiscard]] T& mutate() { return value_; }

  /// Takes over `value`, whose views may point into this, into a buffer, or anywhere. Views that point into this at
  /// their old places cost nothing.
  void assign(const T& value) {
    if (same_views(value)) {
      value_ = value;
      return;
    }
    std::size_t bytes = 0;
    detail::for_each_view(value, [&](std::string_view view) { bytes += view.size(); });
    auto storage = std::make_unique_for_overwrite<char[]>(bytes);
    char* at = storage.get();
    T copy = value;
    detail::for_each_view(copy, [&](std::string_view& view) {
      if (!view.empty()) std::memcpy(at, view.data(), view.size());
      view = {at, view.size()};
      at += view.size();
    });
    value_ = copy;
    storage_ = std::move(storage);
  }

private:
  [[nodiscard]] bool same_views(const T& value) const {
    if (storage_ == nullptr) return false;
    const char* expected = storage_.get();
    bool same = true;
    detail::for_each_view(value, [&](std::string_view view) {
      same = same && view.data() == expected;
      expected += view.size();
    });
    return same;
  }

  T value_{};
  std::unique_ptr<char[]> storage_;  // the bytes of every view of value_, in order
};

/// The type under which a key is kept: a std::string for a std::string_view, member by member for tuples.
template <class K> struct OwnedKey { using type = K; };
template <> struct OwnedKey<std::string_view> { using type = std::string; };
template <class A, class B> struct OwnedKey<std::pair<A, B>> {
  using type = std::pair<typename OwnedKey<A>::type, typename OwnedKey<B>::type>;
};
template <class... Ts> struct OwnedKey<std::tuple<Ts...>> { using type = std::tuple<typename OwnedKey<Ts>::type...>; };
template <class K> using OwnedKeyOf = typename OwnedKey<K>::type;

}  // namespace weir
