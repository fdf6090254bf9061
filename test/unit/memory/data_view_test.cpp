// SPDX-License-Identifier: Apache-2.0
#include "memory/data_view.h"

#include <doctest/doctest.h>

#include <sys/mman.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

using namespace weir;

namespace {

constexpr std::size_t kPageBytes = 4096;

/// One page that may be read and written; whoever touches the page behind it dies.
class PageBeforeAbyss {
public:
  PageBeforeAbyss()
      : pages_(static_cast<char*>(
            ::mmap(nullptr, 2 * kPageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    REQUIRE(pages_ != MAP_FAILED);
    REQUIRE(::mprotect(pages_ + kPageBytes, kPageBytes, PROT_NONE) == 0);
  }
  ~PageBeforeAbyss() { ::munmap(pages_, 2 * kPageBytes); }
  PageBeforeAbyss(const PageBeforeAbyss&) = delete;
  PageBeforeAbyss& operator=(const PageBeforeAbyss&) = delete;

  [[nodiscard]] char* end() { return pages_ + kPageBytes; }

private:
  char* pages_;
};

std::string varint_of(std::uint64_t value) {
  std::array<std::byte, kMaxVarintBytes> room{};
  const auto size = static_cast<std::size_t>(write_varint(room.data(), value) - room.data());
  return {reinterpret_cast<const char*>(room.data()), size};
}

/// How many bytes the number took, or 0 if there is none.
std::size_t read(std::uint64_t& value, const std::string& bytes) {
  const auto* begin = reinterpret_cast<const std::byte*>(bytes.data());
  const auto* end = read_varint(value, begin, begin + bytes.size());
  return end == nullptr ? 0 : static_cast<std::size_t>(end - begin);
}

}  // namespace

TEST_CASE("a short copy reads nothing of the page behind its source") {
  PageBeforeAbyss page;
  std::array<std::byte, 300> target{};
  for (std::size_t distance = 0; distance <= 2 * kShortCopyBytes; ++distance) {
    for (std::size_t bytes = 0; bytes <= distance; ++bytes) {
      char* const source = page.end() - distance;
      std::memset(source, 'a' + static_cast<int>(bytes % 26), bytes);
      copy_short(target.data(), source, bytes);
      REQUIRE(std::memcmp(target.data(), source, bytes) == 0);
    }
  }
}

TEST_CASE("a short copy scribbles at most over its promised room, a long one over nothing") {
  std::mt19937 random(1);
  std::vector<char> source(300);
  for (char& c : source) c = static_cast<char>(random());
  for (std::size_t bytes = 0; bytes <= 200; ++bytes) {
    std::array<std::byte, 256> target{};
    target.fill(std::byte{0xEE});
    copy_short(target.data(), source.data(), bytes);
    REQUIRE(std::memcmp(target.data(), source.data(), bytes) == 0);
    for (std::size_t i = std::max(bytes, kShortCopyBytes); i < target.size(); ++i) {
      REQUIRE(target[i] == std::byte{0xEE});
    }
  }
}

TEST_CASE("a short copy of nothing may come from nowhere") {
  std::array<std::byte, kShortCopyBytes> target{};
  copy_short(target.data(), nullptr, 0);
  CHECK(target == std::array<std::byte, kShortCopyBytes>{});
}

TEST_CASE("a varint takes a byte for each seven bits") {
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  const std::pair<std::uint64_t, std::string> table[] = {
      {0, std::string(1, '\0')}, {1, "\x01"}, {127, "\x7F"}, {128, "\x80\x01"}, {300, "\xAC\x02"},
      {16383, "\xFF\x7F"}, {16384, "\x80\x80\x01"}, {kMost, std::string(9, '\xFF') + "\x01"}};
  for (const auto& row : table) {
    const std::uint64_t value = row.first;
    const std::string& bytes = row.second;
    CAPTURE(value);
    CHECK(varint_of(value) == bytes);
    std::uint64_t back = 0;
    CHECK(read(back, bytes) == bytes.size());
    CHECK(back == value);
  }
}

TEST_CASE("every power of two and its neighbours come back, and not from fewer bytes") {
  for (unsigned bit = 0; bit < 64; ++bit) {
    for (const std::uint64_t value :
         {(std::uint64_t{1} << bit) - 1, std::uint64_t{1} << bit, (std::uint64_t{1} << bit) + 1}) {
      const std::string bytes = varint_of(value);
      std::uint64_t back = 0;
      REQUIRE(read(back, bytes + "\xFF") == bytes.size());
      REQUIRE(back == value);
      for (std::size_t cut = 0; cut < bytes.size(); ++cut) REQUIRE(read(back, bytes.substr(0, cut)) == 0);
    }
  }
}

TEST_CASE("a varint of more than 64 bits is none") {
  std::uint64_t value = 0;
  CHECK(read(value, std::string(9, '\xFF') + "\x02") == 0);
  CHECK(read(value, std::string(9, '\x80') + "\x7F") == 0);
  CHECK(read(value, std::string(10, '\x80') + "\x01") == 0);
  CHECK(read(value, std::string(20, '\xFF')) == 0);
  CHECK(read(value, "") == 0);
}
