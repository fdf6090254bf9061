// SPDX-License-Identifier: Apache-2.0
// Any bytes in a channel: they are records of the type, or they are refused. The first byte chooses the type,
// the second how the rest is cut into buffers.
#include "execution/task/channel_reader.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/result.h"
#include "execution/operators/stream_element.h"
#include "test/fuzz/target.h"

using namespace weir;

namespace {

enum class Colour : std::uint8_t { Red, Green };
struct Word {
  std::string_view text;
  std::int64_t count = 0;
};
struct Flags {
  bool first = false;
  Colour colour{};
  std::array<bool, 3> others{};
};
struct Person {
  std::string name;
  std::vector<std::string> tags;
  std::optional<double> height;
  std::map<std::string, std::vector<Flags>> flags;
  std::tuple<std::set<std::int32_t>, std::pair<bool, std::string>> rest;
};

/// Writes each record it gets again: what was read can be handed on, within its own bound.
template <class T>
struct Rewriter final : Input<T> {
  void process(const T& value, EventTime) override {
    const std::size_t bound = Serializer<T>::bound(value);
    room.resize(bound + kSegmentSlackBytes);
    const std::byte* end = Serializer<T>::write(value, room.data());
    WEIR_CHECK(static_cast<std::size_t>(end - room.data()) <= bound, "a value is longer than its bound");
    T again{};
    WEIR_CHECK(Serializer<T>::read(again, room.data(), end) == end, "what was written cannot be read");
  }
  std::vector<std::byte> room;
};

struct Deaf final : ChannelReader::Listener {
  void on_watermark(EventTime) override {}
  void on_status(StreamStatus) override {}
};

template <class T>
void read_as(std::span<const std::uint8_t> bytes, std::size_t buffer_bytes) {
  static const std::atomic<std::uint32_t> kNoInterruption = 0;
  Rewriter<T> head;
  RecordReader<T, Rewriter<T>> records(head);
  ChannelReader channel;
  Deaf times;
  std::uint64_t count = 0;
  try {
    while (!bytes.empty()) {
      const std::size_t piece = std::min(buffer_bytes, bytes.size());
      const std::unique_ptr<std::byte[]> exact(new std::byte[piece]);  // so that a sanitizer sees its end
      std::memcpy(exact.get(), bytes.data(), piece);
      const std::size_t used = channel.read({exact.get(), piece}, records, times, kNoInterruption, count);
      WEIR_CHECK(used == piece, "a reader that nobody interrupts reads all");
      bytes = bytes.subspan(piece);
    }
  } catch (const std::runtime_error&) {  // refused
  }
}

template <class T>
std::string seed(char type, const T& value) {
  std::vector<std::byte> bytes(Serializer<T>::bound(value) + kMaxElementHeaderBytes + kSegmentSlackBytes);
  const std::byte* end = Serializer<T>::write(value, write_record_header(bytes.data(), EventTime::none()));
  std::string input{type, 50};
  for (int i = 0; i < 2; ++i)
    input.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(end - bytes.data()));
  return input;
}

/// The same as one large element.
std::string large(const std::string& small) {
  const std::string record = small.substr(2);
  const std::uint64_t length = record.size();
  std::string input = small.substr(0, 2) + static_cast<char>(ElementTag::LargeElement);
  return input.append(reinterpret_cast<const char*>(&length), sizeof length) + record;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::span<const std::uint8_t> bytes(data + 2, size - 2);
  const std::size_t buffer_bytes = data[1] + std::size_t{1};
  switch (data[0] % 5) {
    case 0: read_as<std::string>(bytes, buffer_bytes); break;
    case 1: read_as<Word>(bytes, buffer_bytes); break;
    case 2: read_as<Flags>(bytes, buffer_bytes); break;
    case 3: read_as<Person>(bytes, buffer_bytes); break;
    default: read_as<std::vector<std::vector<std::uint16_t>>>(bytes, buffer_bytes); break;
  }
  return 0;
}

std::vector<std::string> weir::fuzz::seeds() {
  const Person person{
      "ada", {"a", "b"}, 1.5, {{"x", {Flags{true, Colour::Green, {}}}}}, {{1, 2}, {true, "y"}}};
  const std::vector<std::vector<std::uint16_t>> numbers{{1, 2}, {}, {3}};
  std::vector<std::string> all{seed(0, std::string("text")), seed(1, Word{"text", 3}), seed(2, Flags{}),
                               seed(3, person), seed(4, numbers)};
  for (std::size_t i = 0; i < 5; ++i) all.push_back(large(all[i]));
  return all;
}
