// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "memory/serializers_std.h"

namespace weir {

namespace detail {

inline constexpr std::uint64_t kHashSeeds[] = {0xa0761d6478bd642full, 0xe7037ed1a0b428dbull,
                                               0x8ebc6af09c88c6e3ull};

/// The two halves of a 128-bit product, folded: each bit of the input reaches each bit of the output.
[[nodiscard]] inline std::uint64_t fold_product(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

template <class Word>
[[nodiscard]] inline std::uint64_t load_word(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// A hash of bytes built like Wang Yi's wyhash (public domain): strings up to 16 bytes are two loads and two
/// products.
[[nodiscard]] inline std::uint64_t hash_bytes(const char* at, std::size_t size, std::uint64_t seed) {
  const std::size_t total = size;
  while (size > 16) {
    seed =
        fold_product(load_word<std::uint64_t>(at) ^ kHashSeeds[1], load_word<std::uint64_t>(at + 8) ^ seed);
    at += 16;
    size -= 16;
  }
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  if (size >= 8) {
    a = load_word<std::uint64_t>(at);
    b = load_word<std::uint64_t>(at + size - 8);
  } else if (size >= 4) {
    a = load_word<std::uint32_t>(at);
    b = load_word<std::uint32_t>(at + size - 4);
  } else if (size > 0) {
    a = load_word<std::uint8_t>(at) << 16 | load_word<std::uint8_t>(at + size / 2) << 8 |
        load_word<std::uint8_t>(at + size - 1);
  }
  return fold_product(kHashSeeds[1] ^ total, fold_product(a ^ kHashSeeds[1], b ^ seed));
}

}  // namespace detail

/// The 64-bit hash by which a key finds its key group and its place in a table. Part of the state's format:
/// savepoints are cut by it, so it gives the same value on every machine and in every version. All of its
/// bits are good. Equal keys hash alike whether they own their text or borrow it. Specialise it for key types
/// of your own.
template <class K>
struct KeyHash;

template <class K>
concept Key = std::equality_comparable<K> && requires(const K& key) {
  { KeyHash<K>::hash(key) } -> std::same_as<std::uint64_t>;
};

template <class K>
  requires(std::integral<K> || std::is_enum_v<K>)
struct KeyHash<K> {
  static std::uint64_t hash(K key) {
    const auto bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(key));
    // Twice: after one product the bits of keys in even steps (ids, times of day) still show in some places.
    const auto once = detail::fold_product(bits ^ detail::kHashSeeds[0], detail::kHashSeeds[1]);
    return detail::fold_product(once ^ detail::kHashSeeds[2], detail::kHashSeeds[1]);
  }
};

template <std::floating_point K>
struct KeyHash<K> {
  static std::uint64_t hash(K key) {
    double wide = key == K{0} ? 0.0 : static_cast<double>(key);  // 0.0 and -0.0 are one key
    std::uint64_t bits;
    std::memcpy(&bits, &wide, sizeof bits);
    return KeyHash<std::uint64_t>::hash(bits);
  }
};

template <>
struct KeyHash<std::string_view> {
  static std::uint64_t hash(std::string_view key) {
    return detail::hash_bytes(key.data(), key.size(), detail::kHashSeeds[0]);
  }
};
template <> struct KeyHash<std::string> : KeyHash<std::string_view> {};

namespace detail {

/// A key of several parts.
class HashCombiner {
public:
  template <Key K>
  void add(const K& part) { hash_ = fold_product(hash_ ^ KeyHash<K>::hash(part), kHashSeeds[1]); }
  [[nodiscard]] std::uint64_t hash() const { return hash_; }

private:
  std::uint64_t hash_ = kHashSeeds[2];
};

}  // namespace detail

template <Key A, Key B>
struct KeyHash<std::pair<A, B>> {
  static std::uint64_t hash(const std::pair<A, B>& key) {
    detail::HashCombiner combined;
    combined.add(key.first);
    combined.add(key.second);
    return combined.hash();
  }
};

template <Key... Ts>
struct KeyHash<std::tuple<Ts...>> {
  static std::uint64_t hash(const std::tuple<Ts...>& key) {
    detail::HashCombiner combined;
    std::apply([&](const Ts&... parts) { (combined.add(parts), ...); }, key);
    return combined.hash();
  }
};

template <Key T>
struct KeyHash<std::vector<T>> {
  static std::uint64_t hash(const std::vector<T>& key) {
    detail::HashCombiner combined;
    combined.add(key.size());
    for (const T& part : key) combined.add(part);
    return combined.hash();
  }
};

template <detail::PlainAggregate K>
struct KeyHash<K> {
  static std::uint64_t hash(const K& key) {
    detail::HashCombiner combined;
    boost::pfr::for_each_field(key, [&](const auto& part) { combined.add(part); });
    return combined.hash();
  }
};

}  // namespace weir
