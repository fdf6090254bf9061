// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "checkpoint/state/key_hash.h"
#include "memory/memory_segment.h"
#include "memory/serializer.h"

namespace weir {

/// A key as state looks it up: its KeyHash and its bytes.
struct KeyView {
  std::uint64_t hash = 0;
  std::span<const std::byte> bytes;
};

/// What state must know of the type of its keys, which it sees as bytes.
struct KeyType {
  std::string schema;  // empty: the operator has no keys
  /// Finds the end of the key at the front of some bytes, and its KeyHash. nullptr: there is no key.
  const std::byte* (*read)(std::uint64_t& hash, const std::byte* at, const std::byte* end) = nullptr;

  template <Key K>
  [[nodiscard]] static KeyType of() {
    return {schema_of<K>(), [](std::uint64_t& hash, const std::byte* at, const std::byte* end) {
              K key{};
              at = Serializer<K>::read(key, at, end);
              if (at != nullptr) hash = KeyHash<K>::hash(key);
              return at;
            }};
  }
};

/// The key of the record that is being processed, by which an operator's states look up. Its bytes are made
/// when the first state asks for them, in memory that is used again.
///
/// Threads: the task's.
class CurrentKey {
public:
  /// `key` lives, unchanged, until the next set() or clear().
  template <Key K>
  void set(const K& key) {
    hash_ = KeyHash<K>::hash(key);
    key_ = &key;
    write_ = &write_key<K>;
    size_ = kNotWritten;
  }
  void clear() {
    key_ = nullptr;
    size_ = kNotWritten;
  }

  /// Until the next set(). Throws std::logic_error if there is no key.
  [[nodiscard]] KeyView get() {
    if (size_ == kNotWritten) write();
    return {hash_, {buffer_.data(), size_}};
  }

private:
  static constexpr std::size_t kNotWritten = ~std::size_t{0};

  template <class K>
  static std::size_t write_key(const void* key, std::vector<std::byte>& buffer) {
    const K& typed = *static_cast<const K*>(key);
    const std::size_t room = Serializer<K>::bound(typed) + kSegmentSlackBytes;
    if (buffer.size() < room) buffer.resize(room);
    return static_cast<std::size_t>(Serializer<K>::write(typed, buffer.data()) - buffer.data());
  }
  void write() {
    if (key_ == nullptr) {
      throw std::logic_error(
          "keyed state was used where there is no current key: use it while a record or a timer is "
          "processed");
    }
    size_ = write_(key_, buffer_);
  }

  std::uint64_t hash_ = 0;
  std::size_t size_ = kNotWritten;
  const void* key_ = nullptr;
  std::size_t (*write_)(const void*, std::vector<std::byte>&) = nullptr;
  std::vector<std::byte> buffer_;
};

}  // namespace weir
