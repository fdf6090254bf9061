// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <concepts>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <boost/pfr.hpp>

#include "memory/data_view.h"
#include "memory/field_names.h"
#include "memory/serializer.h"

namespace weir {

namespace detail {

template <class T>
concept Number = std::is_arithmetic_v<T> && !std::same_as<T, long double>;

template <class T> inline constexpr bool is_std_array = false;
template <class T, std::size_t n> inline constexpr bool is_std_array<std::array<T, n>> = true;

/// A struct of public members and nothing else. Its members are reached by boost::pfr.
template <class T>
concept PlainAggregate = std::is_aggregate_v<T> && std::is_class_v<T> && !is_std_array<T>;

template <class T, std::size_t... i>
std::tuple<boost::pfr::tuple_element_t<i, T>...> fields_of(std::index_sequence<i...>);
template <PlainAggregate T>
using FieldsOf = decltype(fields_of<T>(std::make_index_sequence<boost::pfr::tuple_size_v<T>>{}));

template <class Tuple> inline constexpr bool all_serializable = false;
template <class... Ts> inline constexpr bool all_serializable<std::tuple<Ts...>> = (Serializable<Ts> && ...);

/// Values that lie in memory just as they travel: numbers, and structs of numbers without a gap. Not bool:
/// most bytes are no value of it.
template <class T> struct Bitwise : std::bool_constant<Number<T> && !std::same_as<T, bool>> {};
template <class T>
  requires std::is_enum_v<T>
struct Bitwise<T> : Bitwise<std::underlying_type_t<T>> {};
template <class T, std::size_t n> struct Bitwise<std::array<T, n>> : Bitwise<T> {};
template <class Tuple> struct BitwiseFields;
template <class... Ts> struct BitwiseFields<std::tuple<Ts...>> : std::conjunction<Bitwise<Ts>...> {
  static constexpr std::size_t kBytes = (sizeof(Ts) + ... + 0);
};
template <PlainAggregate T> struct Bitwise<T> {
  using Fields = BitwiseFields<FieldsOf<T>>;
  static constexpr bool value =
      Fields::value && Fields::kBytes == sizeof(T) && std::is_trivially_copyable_v<T>;
};

/// The number that an enum is, and a number itself.
template <class T> struct PlainNumber { using type = T; };
template <class T>
  requires std::is_enum_v<T>
struct PlainNumber<T> : std::underlying_type<T> {};

/// Of what the name of a type may have in a schema.
constexpr bool is_in_name(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

template <Number T>
void describe_number(std::string& schema) {
  constexpr char kSign = std::is_signed_v<T> ? 'i' : 'u';
  if constexpr (std::same_as<T, bool>) schema += "bool";
  else schema += (std::floating_point<T> ? 'f' : kSign) + std::to_string(sizeof(T) * 8);
}

}  // namespace detail

/// Numbers and enums: their bytes.
template <class T>
  requires(detail::Number<T> || std::is_enum_v<T>)
struct Serializer<T> {
  static constexpr std::size_t bound(const T&) { return sizeof(T); }
  static std::byte* write(const T& value, std::byte* at) { return store_raw(at, value); }
  static const std::byte* read(T& value, const std::byte* at, const std::byte* end) {
    if (static_cast<std::size_t>(end - at) < sizeof(T)) return nullptr;
    if constexpr (std::same_as<Plain, bool>) value = static_cast<T>(*at != std::byte{0});
    else value = static_cast<T>(load_raw<Plain>(at));
    return at + sizeof(T);
  }
  static void describe(std::string& schema) { detail::describe_number<Plain>(schema); }

private:
  using Plain = typename detail::PlainNumber<T>::type;
};

namespace detail {

/// A varint length, then the bytes.
struct TextFormat {
  static std::size_t bound(std::string_view text) { return kMaxVarintBytes + text.size(); }
  static std::byte* write(std::string_view text, std::byte* at) {
    at = write_varint(at, text.size());
    copy_short(at, text.data(), text.size());
    return at + text.size();
  }
  static const std::byte* read(std::string_view& text, const std::byte* at, const std::byte* end) {
    std::uint64_t length = 0;
    at = read_varint(length, at, end);
    if (at == nullptr || length > static_cast<std::uint64_t>(end - at)) return nullptr;
    text = {reinterpret_cast<const char*>(at), static_cast<std::size_t>(length)};
    return at + length;
  }
  static void describe(std::string& schema) { schema += "string"; }
};

}  // namespace detail

/// Reads as a view of the buffer: it lives as long as the call that is handed the record.
template <>
struct Serializer<std::string_view> : detail::TextFormat {};

template <>
struct Serializer<std::string> : detail::TextFormat {
  static const std::byte* read(std::string& text, const std::byte* at, const std::byte* end) {
    std::string_view view;
    at = TextFormat::read(view, at, end);
    if (at != nullptr) text.assign(view);
    return at;
  }
};

namespace detail {

/// Several values, one behind the other. `Each` calls its argument with each part in order.
template <class... Ts>
struct Sequence {
  static std::size_t bound(const Ts&... parts) {
    return (std::size_t{0} + ... + Serializer<Ts>::bound(parts));
  }
  static std::byte* write(std::byte* at, const Ts&... parts) {
    ((at = Serializer<Ts>::write(parts, at)), ...);
    return at;
  }
  static const std::byte* read(const std::byte* at, const std::byte* end, Ts&... parts) {
    (void)((at = Serializer<Ts>::read(parts, at, end), at != nullptr) && ...);
    return at;
  }
  static void describe(std::string& schema) {
    std::size_t index = 0;
    (((index++ != 0 ? void(schema += ',') : void()), Serializer<Ts>::describe(schema)), ...);
  }
};

}  // namespace detail

template <class A, class B>
  requires(Serializable<A> && Serializable<B>)
struct Serializer<std::pair<A, B>> {
  using Parts = detail::Sequence<A, B>;
  static std::size_t bound(const std::pair<A, B>& v) { return Parts::bound(v.first, v.second); }
  static std::byte* write(const std::pair<A, B>& v, std::byte* at) {
    return Parts::write(at, v.first, v.second);
  }
  static const std::byte* read(std::pair<A, B>& v, const std::byte* at, const std::byte* end) {
    return Parts::read(at, end, v.first, v.second);
  }
  static void describe(std::string& schema) {
    schema += "pair{";
    Parts::describe(schema);
    schema += '}';
  }
};

/// Not of none: what takes no bytes could be counted without end in a few.
template <class... Ts>
  requires(sizeof...(Ts) > 0 && (Serializable<Ts> && ...))
struct Serializer<std::tuple<Ts...>> {
  using Parts = detail::Sequence<Ts...>;
  static std::size_t bound(const std::tuple<Ts...>& v) {
    return std::apply([](const Ts&... parts) { return Parts::bound(parts...); }, v);
  }
  static std::byte* write(const std::tuple<Ts...>& v, std::byte* at) {
    return std::apply([at](const Ts&... parts) { return Parts::write(at, parts...); }, v);
  }
  static const std::byte* read(std::tuple<Ts...>& v, const std::byte* at, const std::byte* end) {
    return std::apply([at, end](Ts&... parts) { return Parts::read(at, end, parts...); }, v);
  }
  static void describe(std::string& schema) {
    schema += "tuple{";
    Parts::describe(schema);
    schema += '}';
  }
};

/// A plain struct: its members in the order of their declaration. One without a gap between numbers is one
/// copy.
template <detail::PlainAggregate T>
  requires detail::all_serializable<detail::FieldsOf<T>>
struct Serializer<T> {
  static constexpr bool kBitwise = detail::Bitwise<T>::value;

  static constexpr std::size_t bound(const T& value) {
    if constexpr (kBitwise) return sizeof(T);
    else return Fields::bound(value);
  }
  static std::byte* write(const T& value, std::byte* at) {
    if constexpr (kBitwise) return store_raw(at, value);
    else return Fields::write(value, at);
  }
  static const std::byte* read(T& value, const std::byte* at, const std::byte* end) {
    if constexpr (kBitwise) {
      if (static_cast<std::size_t>(end - at) < sizeof(T)) return nullptr;
      std::memcpy(&value, at, sizeof(T));
      return at + sizeof(T);
    } else {
      return Fields::read(value, at, end);
    }
  }
  static void describe(std::string& schema) {
    schema += "struct ";
    for (const char c : type_name<T>()) schema += detail::is_in_name(c) ? c : '_';
    schema += '{';
    Fields::describe(schema, std::make_index_sequence<boost::pfr::tuple_size_v<T>>{});
    schema += '}';
  }

private:
  struct Fields {
    static std::size_t bound(const T& value) {
      std::size_t sum = 1;
      boost::pfr::for_each_field(value, [&]<class F>(const F& field) { sum += Serializer<F>::bound(field); });
      return sum;
    }
    static std::byte* write(const T& value, std::byte* at) {
      if constexpr (boost::pfr::tuple_size_v<T> == 0)
        *at++ = std::byte{0};  // nothing takes no room: not in a vector
      boost::pfr::for_each_field(value,
                                 [&]<class F>(const F& field) { at = Serializer<F>::write(field, at); });
      return at;
    }
    static const std::byte* read(T& value, const std::byte* at, const std::byte* end) {
      if constexpr (boost::pfr::tuple_size_v<T> == 0) return at < end ? at + 1 : nullptr;
      boost::pfr::for_each_field(value, [&]<class F>(F& field) {
        if (at != nullptr) at = Serializer<F>::read(field, at, end);
      });
      return at;
    }
    template <std::size_t... i>
    static void describe(std::string& schema, std::index_sequence<i...>) {
      ((i != 0 ? void(schema += ',') : void(), void(schema.append(field_name<T, i>()) += ':'),
        Serializer<std::remove_cv_t<boost::pfr::tuple_element_t<i, T>>>::describe(schema)),
       ...);
    }
  };
};

template <Serializable T>
struct Serializer<std::optional<T>> {
  static std::size_t bound(const std::optional<T>& v) { return 1 + (v ? Serializer<T>::bound(*v) : 0); }
  static std::byte* write(const std::optional<T>& v, std::byte* at) {
    *at++ = std::byte{v.has_value()};
    return v ? Serializer<T>::write(*v, at) : at;
  }
  static const std::byte* read(std::optional<T>& v, const std::byte* at, const std::byte* end) {
    if (at == end) return nullptr;
    if (*at++ == std::byte{0}) {
      v.reset();
      return at;
    }
    return Serializer<T>::read(v.emplace(), at, end);
  }
  static void describe(std::string& schema) {
    schema += "optional{";
    Serializer<T>::describe(schema);
    schema += '}';
  }
};

template <Serializable T, std::size_t n>
  requires(n > 0)
struct Serializer<std::array<T, n>> {
  static std::size_t bound(const std::array<T, n>& v) {
    std::size_t sum = 0;
    for (const T& element : v) sum += Serializer<T>::bound(element);
    return sum;
  }
  static std::byte* write(const std::array<T, n>& v, std::byte* at) {
    for (const T& element : v) at = Serializer<T>::write(element, at);
    return at;
  }
  static const std::byte* read(std::array<T, n>& v, const std::byte* at, const std::byte* end) {
    for (T& element : v) {
      if (at == nullptr) break;
      at = Serializer<T>::read(element, at, end);
    }
    return at;
  }
  static void describe(std::string& schema) {
    schema += "array" + std::to_string(n) + '{';
    Serializer<T>::describe(schema);
    schema += '}';
  }
};

namespace detail {

template <class C>
concept Container = requires(C& c, typename C::value_type v) {
  c.clear();
  c.size();
  c.insert(c.end(), std::move(v));
} && !std::convertible_to<const C&, std::string_view>;

/// The element as it is read: a map's key without its const.
template <class V> struct ElementOf { using type = V; };
template <class K, class V> struct ElementOf<std::pair<const K, V>> { using type = std::pair<K, V>; };

/// A varint count, then the elements. A count that the bytes at hand cannot hold is refused before anything
/// is built.
template <Container C>
struct ContainerFormat {
  using Element = typename ElementOf<typename C::value_type>::type;

  static std::size_t bound(const C& c) {
    std::size_t sum = kMaxVarintBytes;
    for (const auto& element : c) sum += element_bound(element);
    return sum;
  }
  static std::byte* write(const C& c, std::byte* at) {
    at = write_varint(at, c.size());
    for (const auto& element : c) at = write_element(element, at);
    return at;
  }
  static const std::byte* read(C& c, const std::byte* at, const std::byte* end) {
    std::uint64_t count = 0;
    at = read_varint(count, at, end);
    if (at == nullptr || count > static_cast<std::uint64_t>(end - at)) return nullptr;
    c.clear();
    for (std::uint64_t i = 0; i < count; ++i) {
      Element element{};
      at = Serializer<Element>::read(element, at, end);
      if (at == nullptr) return nullptr;
      c.insert(c.end(), std::move(element));
    }
    return at;
  }
  static void describe(std::string& schema) {
    Serializer<Element>::describe(schema);
    schema += '}';
  }

private:
  template <class K, class V> static std::size_t element_bound(const std::pair<const K, V>& e) {
    return Serializer<K>::bound(e.first) + Serializer<V>::bound(e.second);
  }
  static std::size_t element_bound(const Element& e) { return Serializer<Element>::bound(e); }
  template <class K, class V> static std::byte* write_element(const std::pair<const K, V>& e, std::byte* at) {
    return Serializer<V>::write(e.second, Serializer<K>::write(e.first, at));
  }
  static std::byte* write_element(const Element& e, std::byte* at) {
    return Serializer<Element>::write(e, at);
  }
};

template <class C>
struct NamedContainerFormat : ContainerFormat<C> {
  static void describe_as(const char* name, std::string& schema) {
    schema += name;
    schema += '{';
    ContainerFormat<C>::describe(schema);
  }
};

}  // namespace detail

template <Serializable T, class A>
struct Serializer<std::vector<T, A>> : detail::NamedContainerFormat<std::vector<T, A>> {
  static void describe(std::string& schema) { Serializer::describe_as("vector", schema); }
};
template <Serializable T, class... Rest>
struct Serializer<std::set<T, Rest...>> : detail::NamedContainerFormat<std::set<T, Rest...>> {
  static void describe(std::string& schema) { Serializer::describe_as("set", schema); }
};
template <Serializable T, class... Rest>
struct Serializer<std::unordered_set<T, Rest...>>
    : detail::NamedContainerFormat<std::unordered_set<T, Rest...>> {
  static void describe(std::string& schema) { Serializer::describe_as("set", schema); }
};
template <Serializable K, Serializable V, class... Rest>
struct Serializer<std::map<K, V, Rest...>> : detail::NamedContainerFormat<std::map<K, V, Rest...>> {
  static void describe(std::string& schema) { Serializer::describe_as("map", schema); }
};
template <Serializable K, Serializable V, class... Rest>
struct Serializer<std::unordered_map<K, V, Rest...>>
    : detail::NamedContainerFormat<std::unordered_map<K, V, Rest...>> {
  static void describe(std::string& schema) { Serializer::describe_as("map", schema); }
};

}  // namespace weir
