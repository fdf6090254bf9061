// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <memory>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "memory/serializers_std.h"

namespace weir {

/// Whether a T may point into memory that is not its own: it is, or has as a member, a std::string_view.
/// Such a record is a view of the buffer it came in and lives as long as the call that is handed it.
template <class T> struct Borrows : std::false_type {};
template <> struct Borrows<std::string_view> : std::true_type {};
template <class A, class B> struct Borrows<std::pair<A, B>> : std::disjunction<Borrows<A>, Borrows<B>> {};
template <class... Ts> struct Borrows<std::tuple<Ts...>> : std::disjunction<Borrows<Ts>...> {};
template <class T, std::size_t n> struct Borrows<std::array<T, n>> : Borrows<T> {};
template <class T> struct Borrows<std::optional<T>> : Borrows<T> {};
template <detail::Container C>
struct Borrows<C> : Borrows<typename detail::ElementOf<typename C::value_type>::type> {};
template <detail::PlainAggregate T> struct Borrows<T> : Borrows<detail::FieldsOf<T>> {};

namespace detail {

template <class T> inline constexpr bool is_vector = false;
template <class T, class A> inline constexpr bool is_vector<std::vector<T, A>> = true;
template <class T> inline constexpr bool is_optional = false;
template <class T> inline constexpr bool is_optional<std::optional<T>> = true;

/// Calls `visit` with every std::string_view in `value`.
template <class T, class Visit>
void for_each_view(T& value, Visit&& visit) {
  using Plain = std::remove_const_t<T>;
  if constexpr (std::same_as<Plain, std::string_view>) {
    visit(value);
  } else if constexpr (!Borrows<Plain>::value) {
    return;
  } else if constexpr (is_optional<Plain>) {
    if (value) for_each_view(*value, visit);
  } else if constexpr (is_vector<Plain>) {
    for (auto& element : value) for_each_view(element, visit);
  } else if constexpr (Container<Plain>) {
    static_assert(!Borrows<Plain>::value,
                  "a set or map of std::string_view cannot be kept as state: use std::string");
  } else if constexpr (PlainAggregate<Plain>) {
    boost::pfr::for_each_field(value, [&](auto& field) { for_each_view(field, visit); });
  } else {
    std::apply([&](auto&... parts) { (for_each_view(parts, visit), ...); }, value);
  }
}

}  // namespace detail

/// A value that outlives the buffer it was read from: what state keeps. For a T that owns what it has this is
/// the T.
template <class T>
class Owned {
public:
  explicit Owned(const T& value) : value_(value) {}

  [[nodiscard]] const T& get() const { return value_; }
  /// For changes in place of what is not a view.
  [[nodiscard]] T& mutate() { return value_; }
  void assign(const T& value) { value_ = value; }

private:
  T value_;
};

/// For a T that borrows: the T and a copy of the bytes that its views see, inside if they are few.
template <class T>
  requires Borrows<T>::value
class Owned<T> {
public:
  explicit Owned(const T& value) : value_(value) {
    const std::size_t bytes = byte_count();
    char* at = bytes <= kInlineBytes ? inline_ : (heap_ = new char[bytes]);
    detail::for_each_view(value_, [&](std::string_view view) {
      if (!view.empty()) std::memcpy(at, view.data(), view.size());
      at += view.size();
    });
  }
  Owned(Owned&& other) noexcept : value_(other.value_) {
    std::memcpy(inline_, other.inline_, kInlineBytes);
    other.forget();
  }
  Owned& operator=(Owned&& other) noexcept {
    if (this == &other) return *this;
    this->~Owned();
    return *std::construct_at(this, std::move(other));
  }
  ~Owned() {
    if (byte_count() > kInlineBytes) delete[] heap_;
  }

  /// The value, whose views point into this: good until this is moved or changed.
  [[nodiscard]] T get() const {
    T value = value_;
    const char* at = data();
    detail::for_each_view(value, [&](std::string_view& view) {
      view = {at, view.size()};
      at += view.size();
    });
    return value;
  }
  /// For changes in place of what is not a view. The views in it have the right length and point nowhere.
  [[nodiscard]] T& mutate() { return value_; }

  /// Takes over `value`, whose views may point into this, into a buffer, or anywhere.
  void assign(const T& value) {
    if (has_same_views(value)) value_ = value;
    else *this = Owned(value);
  }

private:
  static constexpr std::size_t kInlineBytes = 16;

  [[nodiscard]] std::size_t byte_count() const {
    std::size_t bytes = 0;
    detail::for_each_view(value_, [&](std::string_view view) { bytes += view.size(); });
    return bytes;
  }
  [[nodiscard]] const char* data() const { return byte_count() <= kInlineBytes ? inline_ : heap_; }

  [[nodiscard]] bool has_same_views(const T& value) const {
    bool same = true;
    const char* expected = data();
    std::size_t bytes = 0;
    detail::for_each_view(value, [&](std::string_view view) {
      same = same && view.data() == expected;
      expected += view.size();
      bytes += view.size();
    });
    return same && bytes == byte_count();
  }

  /// Owns nothing any more.
  void forget() {
    detail::for_each_view(value_, [](std::string_view& view) { view = {}; });
  }

  T value_;  // of its views only the lengths count
  union {
    char inline_[kInlineBytes]{};
    char* heap_;
  };
};

}  // namespace weir
