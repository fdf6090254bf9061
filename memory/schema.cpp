// SPDX-License-Identifier: Apache-2.0
#include "memory/schema.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "memory/serializers_std.h"

namespace weir {

namespace {

using Kind = Schema::Kind;

/// Reads the text of a schema from left to right.
class Parser {
public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::optional<Schema> parse_all() {
    auto schema = parse(0);
    if (!schema || at_ != text_.size()) return std::nullopt;
    return schema;
  }

private:
  static constexpr int kDeepest = 40;

  std::optional<Schema> parse(int depth) {
    if (depth > kDeepest) return std::nullopt;
    const std::size_t begin = at_;
    Schema schema;
    if (!parse_head(schema) || !parse_parts(schema, depth)) return std::nullopt;
    schema.text = text_.substr(begin, at_ - begin);
    return schema;
  }

  /// A name, and what it means; not the parts.
  bool parse_head(Schema& schema) {
    const std::string_view name = take_name();
    if (name.empty()) return false;
    if (name == "struct" && take(' ')) {
      schema.kind = Kind::Struct;
      return !take_name().empty();
    }
    constexpr std::pair<std::string_view, Kind> kContainers[] = {
        {"pair", Kind::Pair},     {"tuple", Kind::Tuple}, {"optional", Kind::Optional},
        {"vector", Kind::Vector}, {"set", Kind::Set},     {"map", Kind::Map}};
    for (const auto& [word, kind] : kContainers) {
      if (name == word) return schema.kind = kind, true;
    }
    if (name == "bool") schema.kind = Kind::Bool, schema.size = 1;
    else if (name == "string") schema.kind = Kind::Text;
    else if (name.starts_with("array")) return parse_array(schema, name.substr(5));
    else parse_number(schema, name);
    return true;
  }

  static bool parse_array(Schema& schema, std::string_view count) {
    schema.kind = Kind::Array;
    const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), schema.size);
    return error == std::errc() && end == count.data() + count.size() && schema.size > 0;
  }

  static void parse_number(Schema& schema, std::string_view name) {
    constexpr std::pair<std::string_view, Kind> kSigns[] = {
        {"i", Kind::Signed}, {"u", Kind::Unsigned}, {"f", Kind::Float}};
    constexpr std::pair<std::string_view, std::uint32_t> kBits[] = {
        {"8", 1}, {"16", 2}, {"32", 4}, {"64", 8}};
    for (const auto& [sign, kind] : kSigns) {
      for (const auto& [bits, bytes] : kBits) {
        if (kind == Kind::Float && bytes < 4) continue;
        if (name.substr(0, 1) == sign && name.substr(1) == bits) schema.kind = kind, schema.size = bytes;
      }
    }
  }

  bool parse_parts(Schema& schema, int depth) {
    if (schema.kind <= Kind::Text || schema.kind == Kind::Opaque) return true;
    if (!take('{')) return false;
    while (!take('}')) {
      if (!schema.parts.empty() && !take(',')) return false;
      if (schema.kind == Kind::Struct) {
        schema.names.emplace_back(take_name());
        if (schema.names.back().empty() || !take(':')) return false;
      }
      auto part = parse(depth + 1);
      if (!part) return false;
      schema.parts.push_back(*std::move(part));
    }
    return has_right_parts(schema);
  }

  static bool has_right_parts(const Schema& schema) {
    const std::size_t count = schema.parts.size();
    switch (schema.kind) {
      case Kind::Struct: return true;
      case Kind::Pair: return count == 2;
      case Kind::Tuple: return count > 0;
      case Kind::Map: return count == 1 && schema.parts[0].kind == Kind::Pair;
      default: return count == 1;
    }
  }

  bool take(char wanted) {
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  std::string_view take_name() {
    const std::size_t end = std::min(text_.find_first_of("{},: ", at_), text_.size());
    const std::size_t begin = std::exchange(at_, end);
    return text_.substr(begin, end - begin);
  }

  const std::string_view text_;
  std::size_t at_ = 0;
};

Error differs(const std::string& path, const Schema& from, const Schema& to) {
  return {ErrorCode::BadArgument,
          (path.empty() ? "it" : "field \"" + path + "\"") + " was " + from.text + " and is " + to.text,
          Blame::User};
}

bool is_wider(const Schema& from, const Schema& to) {
  if (from.kind == to.kind) return from.size <= to.size;
  return from.kind == Kind::Unsigned && to.kind == Kind::Signed && from.size < to.size;
}

Status compatible_at(const std::string& path, const Schema& from, const Schema& to);

Status compatible_structs(const std::string& path, const Schema& from, const Schema& to) {
  for (std::size_t i = 0; i < from.parts.size(); ++i) {
    const std::string field = path.empty() ? from.names[i] : path + "." + from.names[i];
    const auto kept = std::ranges::find(to.names, from.names[i]);
    if (kept != to.names.end()) {
      const auto at = static_cast<std::size_t>(kept - to.names.begin());
      if (auto fits = compatible_at(field, from.parts[i], to.parts[at]); !fits) return fits;
    } else if (is_opaque(from.parts[i])) {
      return Error{ErrorCode::BadArgument,
                   "field \"" + field + "\" is gone, and its " + from.parts[i].text +
                       " cannot be skipped: keep the field",
                   Blame::User};
    }
  }
  return Status::ok();
}

Status compatible_at(const std::string& path, const Schema& from, const Schema& to) {
  if (from.text == to.text) return Status::ok();
  if (from.kind == Kind::Struct && to.kind == Kind::Struct) return compatible_structs(path, from, to);
  const bool are_numbers = from.kind >= Kind::Signed && from.kind <= Kind::Float;
  if (are_numbers && is_wider(from, to)) return Status::ok();
  if (from.kind != to.kind || from.parts.empty() || from.parts.size() != to.parts.size() ||
      from.size != to.size) {
    return differs(path, from, to);
  }
  for (std::size_t i = 0; i < from.parts.size(); ++i) {
    if (auto fits = compatible_at(path, from.parts[i], to.parts[i]); !fits) return fits;
  }
  return Status::ok();
}

bool same_bytes(const Schema& one, const Schema& other) {
  if (one.kind == Kind::Opaque) return one.text == other.text;
  return one.kind == other.kind && one.size == other.size &&
         std::ranges::equal(one.parts, other.parts,
                            [](const Schema& a, const Schema& b) { return same_bytes(a, b); });
}

}  // namespace

Result<Schema> Schema::parse(std::string_view text) {
  auto schema = Parser(text).parse_all();
  if (schema) return *std::move(schema);
  return Error{ErrorCode::Corrupt, "\"" + std::string(text) + "\" is no schema", Blame::Environment};
}

bool is_opaque(const Schema& schema) {
  return schema.kind == Kind::Opaque || std::ranges::any_of(schema.parts, is_opaque);
}

Status compatible(const Schema& from, const Schema& to) { return compatible_at("", from, to); }

Status compatible(std::string_view from, std::string_view to) {
  if (from == to) return Status::ok();
  const auto parsed_from = Schema::parse(from);
  if (!parsed_from) return parsed_from.error();
  const auto parsed_to = Schema::parse(to);
  if (!parsed_to) return parsed_to.error();
  return compatible(*parsed_from, *parsed_to);
}

bool same_bytes(std::string_view one, std::string_view other) {
  if (one == other) return true;
  const auto parsed_one = Schema::parse(one);
  const auto parsed_other = Schema::parse(other);
  return parsed_one && parsed_other && same_bytes(*parsed_one, *parsed_other);
}

}  // namespace weir
