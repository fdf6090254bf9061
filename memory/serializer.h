// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>

namespace weir {

/// How values of T become bytes and come back. Specialised in serializers_std.h for numbers, enums, strings,
/// tuples, optionals, containers and plain aggregates of these; a program specialises it for a type of its
/// own:
///
///     template <> struct weir::Serializer<Money> {
///       static std::size_t bound(const Money&) { return 8; }
///       static std::byte* write(const Money& m, std::byte* at) { return weir::store_raw(at, m.cents()); }
///       static const std::byte* read(Money& m, const std::byte* at, const std::byte* end) {...}
///       static void describe(std::string& schema) { schema += "Money"; }
///     };
///
/// bound(v)   the most bytes that write(v) yields; asked before each write, so that there is one check a
///            record.
/// write()    to memory with room for bound() + kSegmentSlackBytes; returns the byte behind the value. What
///            it scribbles behind that is not read.
/// read()     never looks at `end` or behind; returns nullptr if the bytes are no T. The bytes come from
///            outside: nothing in them is believed. A std::string_view is read as a view of them.
/// describe() appends the type's shape, for fingerprints and for the schema of states: a name, if the type is
///            not one of those above.
template <class T>
struct Serializer;

/// A type whose values can travel between tasks and be kept as state.
template <class T>
concept Serializable =
    requires(const T& value, T& target, std::byte* at, const std::byte* from, std::string& schema) {
      { Serializer<T>::bound(value) } -> std::convertible_to<std::size_t>;
      { Serializer<T>::write(value, at) } -> std::same_as<std::byte*>;
      { Serializer<T>::read(target, from, from) } -> std::same_as<const std::byte*>;
      Serializer<T>::describe(schema);
    };

/// What a stream may carry: a plain value that serialises. A compiler that refuses your type here names it;
/// make its members public and plain, or specialise weir::Serializer for it.
template <class T>
concept Record = std::copy_constructible<T> && std::default_initializable<T> && Serializable<T>;

/// The shape of T as text: "struct Count{word:string,count:i64}". memory/schema.h understands it.
template <Serializable T>
[[nodiscard]] std::string schema_of() {
  std::string schema;
  Serializer<T>::describe(schema);
  return schema;
}

}  // namespace weir
