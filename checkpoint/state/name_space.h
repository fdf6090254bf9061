// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "checkpoint/state/key_hash.h"
#include "memory/owned.h"
#include "memory/serializer.h"

namespace weir {

/// For what is kept a key, and not a key and something else such as a window. It takes no bytes.
struct NoNamespace {
  bool operator==(const NoNamespace&) const = default;
};
template <>
struct Serializer<NoNamespace> {
  static constexpr std::size_t bound(NoNamespace) { return 0; }
  static std::byte* write(NoNamespace, std::byte* at) { return at; }
  static const std::byte* read(NoNamespace&, const std::byte* at, const std::byte*) { return at; }
  static void describe(std::string&) {}
};
template <>
struct KeyHash<NoNamespace> {
  static std::uint64_t hash(NoNamespace) { return 0; }
};

/// The hash of something of a key: in a table it has a place of its own, but its key group is the key's.
[[nodiscard]] inline std::uint64_t scoped_hash(std::uint64_t key_hash, std::uint64_t part) {
  constexpr std::uint64_t kGroupBits = 0xFFFFFFFFull << 8;  // of key_group_of()
  const std::uint64_t mixed =
      detail::fold_product(key_hash ^ detail::kHashSeeds[0], part ^ detail::kHashSeeds[1]);
  return (key_hash & kGroupBits) | (mixed & ~kGroupBits);
}

/// How a key is kept that may borrow its text from the record.
template <class K>
struct KeptKey {
  static_assert(!Borrows<K>::value,
                "a key that is kept owns its text: make it a std::string, or a std::string_view alone");
  using Type = K;
};
template <>
struct KeptKey<std::string_view> {
  using Type = std::string;
};
template <class K>
using KeptKeyOf = typename KeptKey<K>::Type;

/// A key and what is kept of it: the key of state by namespace.
template <Key K, Key N>
struct Scoped {
  K key{};
  N name_space{};
  bool operator==(const Scoped&) const = default;
};

template <Key K, Key N>
struct KeyHash<Scoped<K, N>> {
  static std::uint64_t hash(const Scoped<K, N>& scoped) {
    return scoped_hash(KeyHash<K>::hash(scoped.key), KeyHash<N>::hash(scoped.name_space));
  }
};

}  // namespace weir
