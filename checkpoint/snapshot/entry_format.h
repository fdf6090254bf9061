// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "checkpoint/snapshot/state_block.h"
#include "memory/schema.h"

namespace weir {

/// One entry of a state, as bytes of the block that it lies in.
struct SavedEntry {
  using Bytes = std::span<const std::byte>;

  std::uint32_t subtask = 0;
  KeyGroup group = 0;  // of keyed state
  Bytes key;           // empty: the state has none, as a list of a subtask
  Bytes name_space;    // empty: none
  std::int64_t last_use_ms = 0;  // of state that expires
  Bytes value;
};

/// How the entries of one state lie one behind the other, and what they mean, by the state's schemas.
class EntryFormat {
public:
  /// Errors: names the state, and the type that only its program can read.
  [[nodiscard]] static Result<EntryFormat> of(const StateInfo& state);

  /// Finds the parts of the entry at the front. Returns the byte behind it, or nullptr if it is none.
  [[nodiscard]] const std::byte* split(const std::byte* at, const std::byte* end, SavedEntry& entry) const;

  [[nodiscard]] const StateInfo& state() const { return state_; }
  [[nodiscard]] bool has_key() const { return !state_.key.empty(); }
  [[nodiscard]] bool has_name_space() const { return !state_.name_space.empty(); }

  // As JSON. Only of entries that split() found.
  [[nodiscard]] std::string key(const SavedEntry& entry) const { return json(key_, entry.key); }
  [[nodiscard]] std::string name_space(const SavedEntry& entry) const {
    return json(name_space_, entry.name_space);
  }
  [[nodiscard]] std::string value(const SavedEntry& entry) const { return json(value_, entry.value); }

  /// Whether this is the entry's key: as key() has it, or, if it is text, the text itself.
  [[nodiscard]] bool has_key(const SavedEntry& entry, std::string_view key) const;

private:
  EntryFormat() = default;
  [[nodiscard]] static std::string json(const Schema& schema, SavedEntry::Bytes bytes);

  StateInfo state_;
  // Without a text: there is no such part.
  Schema key_;
  Schema name_space_;
  Schema value_;
};

}  // namespace weir
