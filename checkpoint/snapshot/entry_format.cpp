// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/snapshot/entry_format.h"

#include <utility>

#include "memory/serializers_std.h"

namespace weir {

namespace {

Result<Schema> schema_for(const StateInfo& state, const std::string& text) {
  auto schema = Schema::parse(text);
  if (!schema) {
    return Error{ErrorCode::Corrupt, "the state \"" + state.name + "\": " + schema.error().what,
                 Blame::Environment};
  }
  if (is_opaque(*schema)) {
    return Error{ErrorCode::BadArgument,
                 "the state \"" + state.name + "\" holds " + text +
                     ", of which only its program knows how it is written",
                 Blame::User};
  }
  return schema;
}

/// Moves `at` behind the value and says what it passed. Without a schema: nothing.
SavedEntry::Bytes take(const Schema& schema, const std::byte*& at, const std::byte* end) {
  if (at == nullptr || schema.text.empty()) return {};
  const std::byte* const begin = std::exchange(at, skip_value(schema, at, end));
  return at == nullptr ? SavedEntry::Bytes() : SavedEntry::Bytes(begin, at);
}

}  // namespace

Result<EntryFormat> EntryFormat::of(const StateInfo& state) {
  EntryFormat format;
  format.state_ = state;
  for (const auto& [schema, text] : {std::pair{&format.key_, &state.key},
                                     {&format.name_space_, &state.name_space},
                                     {&format.value_, &state.value}}) {
    if (text->empty() && text != &state.value) continue;  // there is no such part
    auto parsed = schema_for(state, *text);
    if (!parsed) return parsed.error();
    *schema = *std::move(parsed);
  }
  return format;
}

const std::byte* EntryFormat::split(const std::byte* at, const std::byte* end, SavedEntry& entry) const {
  entry.key = take(key_, at, end);
  entry.name_space = take(name_space_, at, end);
  if (at != nullptr && state_.expires) {
    if (static_cast<std::size_t>(end - at) < sizeof entry.last_use_ms) return nullptr;
    entry.last_use_ms = load_raw<std::int64_t>(at);
    at += sizeof entry.last_use_ms;
  }
  entry.value = take(value_, at, end);
  return at;
}

bool EntryFormat::has_key(const SavedEntry& entry, std::string_view key) const {
  if (key_.kind == Schema::Kind::Text && !key_.text.empty()) {
    std::string_view text;
    (void)Serializer<std::string_view>::read(text, entry.key.data(), entry.key.data() + entry.key.size());
    if (text == key) return true;
  }
  return this->key(entry) == key;
}

std::string EntryFormat::json(const Schema& schema, SavedEntry::Bytes bytes) {
  std::string text;
  if (!schema.text.empty()) (void)print_value(schema, bytes.data(), bytes.data() + bytes.size(), text);
  return text;
}

}  // namespace weir
