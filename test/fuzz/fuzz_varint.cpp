// SPDX-License-Identifier: Apache-2.0
// read_varint() beside a slower reader that is obviously right.
#include "memory/data_view.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "test/fuzz/target.h"

namespace {

/// How many bytes the number takes, or 0 if there is none.
std::size_t read_slowly(std::uint64_t& value, const std::uint8_t* data, std::size_t size) {
  unsigned __int128 sum = 0;
  for (std::size_t i = 0; i < size && i < weir::kMaxVarintBytes; ++i) {
    sum |= static_cast<unsigned __int128>(data[i] & 0x7F) << (7 * i);
    if (data[i] >= 0x80) continue;
    value = static_cast<std::uint64_t>(sum);
    return sum >> 64 == 0 ? i + 1 : 0;
  }
  return 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::uint64_t expected = 0;
  const std::size_t bytes = read_slowly(expected, data, size);

  std::uint64_t value = 0;
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  const std::byte* end = weir::read_varint(value, begin, begin + size);
  WEIR_CHECK((end == nullptr) == (bytes == 0), "only one of the two found a number");
  if (end == nullptr) return 0;
  WEIR_CHECK(value == expected && end == begin + bytes, "the two read different numbers");

  std::byte again[weir::kMaxVarintBytes];
  WEIR_CHECK(static_cast<std::size_t>(weir::write_varint(again, value) - again) <= bytes,
             "it is written longer");
  return 0;
}

std::vector<std::string> weir::fuzz::seeds() {
  return {std::string(1, '\0'), "\x7F", "\x80\x01", "\xFF\xFF\xFF\xFF\x0F", std::string(9, '\xFF') + "\x01",
          std::string(10, '\x80')};
}
