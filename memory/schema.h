// SPDX-License-Identifier: Apache-2.0
// What schema_of() says, understood: whether values that were written by one version of a program can be read
// by another, and what they are without any program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir {

/// The shape of a type as schema_of() tells it:
///
///   bool | i8 ... i64 | u8 ... u64 | f32 | f64 | string | struct Order{id:i64,customer:string} | pair{A,B}
///   tuple{A,...} | optional{T} | array3{T} | vector{T} | set{T} | map{pair{K,V}} | any other name: opaque,
///   a type with a Serializer of its own
struct Schema {
  enum class Kind : std::uint8_t {
    Bool, Signed, Unsigned, Float, Text, Struct, Pair, Tuple, Optional, Array, Vector, Set, Map, Opaque,
  };

  Kind kind = Kind::Opaque;
  std::string text;               // all of it
  std::uint32_t size = 0;         // of a number its bytes, of an array its elements
  std::vector<std::string> names;  // of a struct's fields
  std::vector<Schema> parts;

  /// The text may come from outside. Errors: Corrupt, with the text.
  [[nodiscard]] static Result<Schema> parse(std::string_view text);
};

/// Whether values that were written as `from` can be read as `to`: fields of structs are found by name, may
/// come, go and move; numbers may become wider. Errors: names the field, its old and its new type.
[[nodiscard]] Status compatible(const Schema& from, const Schema& to);
[[nodiscard]] Status compatible(std::string_view from, std::string_view to);

/// Whether values are written alike, whatever structs and fields are called.
[[nodiscard]] bool same_bytes(std::string_view one, std::string_view other);

/// Whether nobody but its program can find the end of a value: it, or a part of it, is of a type with a
/// Serializer of its own.
[[nodiscard]] bool is_opaque(const Schema& schema);

/// The byte behind the value that begins at `at`. nullptr: the bytes are none, or the type is opaque.
[[nodiscard]] const std::byte* skip_value(const Schema& schema, const std::byte* at, const std::byte* end);

/// Appends the value that begins at `at` as JSON, and returns the byte behind. nullptr: the bytes are none,
/// or the type is opaque. Numbers that JSON lacks are strings, a map with text keys is an object, other maps
/// are lists of pairs.
[[nodiscard]] const std::byte* print_value(const Schema& schema, const std::byte* at, const std::byte* end,
                                           std::string& json);

}  // namespace weir
