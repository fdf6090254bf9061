// SPDX-License-Identifier: Apache-2.0
// Bytes from outside are a record or they are not: nothing is read behind them, and a record that was read is
// written back and read again as itself.
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "memory/memory_segment.h"
#include "memory/serializers_std.h"
#include "test/fuzz/target.h"

namespace {

struct Inner {
  std::int32_t number = 0;
  std::string text;
  std::vector<std::string> texts;
  bool operator==(const Inner&) const = default;
};

struct Outer {
  std::string_view view;
  std::optional<std::uint64_t> maybe;
  std::map<std::string, Inner> inners;
  std::tuple<bool, std::int16_t> pair;
  bool operator==(const Outer&) const = default;
};

template <class T>
void read_and_write_again(const std::byte* begin, const std::byte* end) {
  T value{};
  if (weir::Serializer<T>::read(value, begin, end) == nullptr) return;
  const std::size_t bound = weir::Serializer<T>::bound(value);
  const auto written = std::make_unique<std::byte[]>(bound + weir::kSegmentSlackBytes);
  const std::byte* const written_end = weir::Serializer<T>::write(value, written.get());
  WEIR_CHECK(written_end <= written.get() + bound, "no record is longer than its bound");
  T again{};
  WEIR_CHECK(weir::Serializer<T>::read(again, written.get(), written_end) == written_end,
             "it can be read again");
  WEIR_CHECK(again == value, "it is the same");
}

template <class T>
std::string bytes_of(const T& value) {
  std::vector<std::byte> bytes(weir::Serializer<T>::bound(value) + weir::kSegmentSlackBytes);
  const std::byte* const end = weir::Serializer<T>::write(value, bytes.data());
  return {static_cast<const char*>(static_cast<const void*>(bytes.data())),
          static_cast<std::size_t>(end - bytes.data())};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  // A copy of exactly this size, so that the sanitizer sees any look behind it.
  const std::vector<std::byte> exact(static_cast<const std::byte*>(static_cast<const void*>(data)),
                                     static_cast<const std::byte*>(static_cast<const void*>(data)) + bytes);
  const std::byte* const begin = exact.data();
  const std::byte* const end = begin + exact.size();
  read_and_write_again<Outer>(begin, end);
  read_and_write_again<std::vector<std::tuple<std::string, std::int64_t>>>(begin, end);
  read_and_write_again<std::string_view>(begin, end);
  return 0;
}

std::vector<std::string> weir::fuzz::seeds() {
  Outer outer{.view = "view", .maybe = 7, .inners = {{"a", {.number = -1, .text = "b", .texts = {"c", ""}}}}};
  return {bytes_of(outer), bytes_of(std::string_view("text")),
          bytes_of(std::vector<std::tuple<std::string, std::int64_t>>{{"word", 1}, {"", -1}})};
}
