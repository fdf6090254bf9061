// SPDX-License-Identifier: Apache-2.0
// Values without the types that wrote them: skip_value() and print_value() of schema.h.
#include <charconv>
#include <cmath>
#include <cstdint>

#include "memory/schema.h"
#include "memory/serializers_std.h"

namespace weir {

namespace {

using Kind = Schema::Kind;
using At = const std::byte*;

void print_text(std::string_view text, std::string& json) {
  constexpr char kHex[] = "0123456789abcdef";
  json += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') json.append({'\\', c});
    else if (byte >= 0x20 && byte != 0x7F) json += c;
    else json.append("\\u00").append({kHex[byte >> 4], kHex[byte & 15]});
  }
  json += '"';
}

template <class Number>
void print_number(Number number, std::string& json) {
  char digits[64];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  json.append(digits, end);
}

template <class Float>
void print_float(Float number, std::string& json) {
  if (std::isfinite(number)) return print_number(number, json);
  print_text(std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity", json);
}

template <class T>
T load(At at) {
  return load_raw<T>(at);
}

void print_fixed(const Schema& schema, At at, std::string& json) {
  switch (schema.kind) {
    case Kind::Bool: json += *at != std::byte{0} ? "true" : "false"; return;
    case Kind::Float:
      return schema.size == 4 ? print_float(load<float>(at), json) : print_float(load<double>(at), json);
    case Kind::Signed:
      switch (schema.size) {
        case 1: return print_number(int{load<std::int8_t>(at)}, json);
        case 2: return print_number(load<std::int16_t>(at), json);
        case 4: return print_number(load<std::int32_t>(at), json);
        default: return print_number(load<std::int64_t>(at), json);
      }
    default:
      switch (schema.size) {
        case 1: return print_number(unsigned{load<std::uint8_t>(at)}, json);
        case 2: return print_number(load<std::uint16_t>(at), json);
        case 4: return print_number(load<std::uint32_t>(at), json);
        default: return print_number(load<std::uint64_t>(at), json);
      }
  }
}

/// Walks over a value. `json`: where it is printed, or nullptr.
At walk(const Schema& schema, At at, At end, std::string* json);

void print(std::string* json, std::string_view text) {
  if (json != nullptr) *json += text;
}

At walk_struct(const Schema& schema, At at, At end, std::string* json) {
  if (schema.parts.empty()) at = at < end ? at + 1 : nullptr;  // nothing takes a byte
  print(json, "{");
  for (std::size_t i = 0; i < schema.parts.size() && at != nullptr; ++i) {
    if (i != 0) print(json, ",");
    if (json != nullptr) print_text(schema.names[i], *json);
    print(json, ":");
    at = walk(schema.parts[i], at, end, json);
  }
  print(json, "}");
  return at;
}

At walk_parts(const Schema& schema, At at, At end, std::string* json) {
  print(json, "[");
  for (std::size_t i = 0; i < schema.parts.size() && at != nullptr; ++i) {
    if (i != 0) print(json, ",");
    at = walk(schema.parts[i], at, end, json);
  }
  print(json, "]");
  return at;
}

At walk_entry(const Schema& pair, At at, At end, std::string* json) {
  at = walk(pair.parts[0], at, end, json);
  print(json, ":");
  return at == nullptr ? nullptr : walk(pair.parts[1], at, end, json);
}

At walk_elements(const Schema& schema, At at, At end, std::string* json) {
  std::uint64_t count = schema.size;
  if (schema.kind != Kind::Array) {
    at = read_varint(count, at, end);
    if (at == nullptr || count > static_cast<std::uint64_t>(end - at)) return nullptr;
  }
  const Schema& element = schema.parts[0];
  const bool is_object = schema.kind == Kind::Map && element.parts[0].kind == Kind::Text;
  print(json, is_object ? "{" : "[");
  for (std::uint64_t i = 0; i < count && at != nullptr; ++i) {
    if (i != 0) print(json, ",");
    at = is_object ? walk_entry(element, at, end, json) : walk(element, at, end, json);
  }
  print(json, is_object ? "}" : "]");
  return at;
}

At walk(const Schema& schema, At at, At end, std::string* json) {
  switch (schema.kind) {
    case Kind::Bool:
    case Kind::Signed:
    case Kind::Unsigned:
    case Kind::Float:
      if (static_cast<std::size_t>(end - at) < schema.size) return nullptr;
      if (json != nullptr) print_fixed(schema, at, *json);
      return at + schema.size;
    case Kind::Text: {
      std::string_view text;
      at = Serializer<std::string_view>::read(text, at, end);
      if (at != nullptr && json != nullptr) print_text(text, *json);
      return at;
    }
    case Kind::Optional:
      if (at == end) return nullptr;
      if (*at++ != std::byte{0}) return walk(schema.parts[0], at, end, json);
      print(json, "null");
      return at;
    case Kind::Struct: return walk_struct(schema, at, end, json);
    case Kind::Pair:
    case Kind::Tuple: return walk_parts(schema, at, end, json);
    case Kind::Array:
    case Kind::Vector:
    case Kind::Set:
    case Kind::Map: return walk_elements(schema, at, end, json);
    case Kind::Opaque: return nullptr;
  }
  return nullptr;
}

}  // namespace

const std::byte* skip_value(const Schema& schema, const std::byte* at, const std::byte* end) {
  return walk(schema, at, end, nullptr);
}

const std::byte* print_value(const Schema& schema, const std::byte* at, const std::byte* end,
                             std::string& json) {
  return walk(schema, at, end, &json);
}

}  // namespace weir
