// SPDX-License-Identifier: Apache-2.0
#include "execution/task/channel_reader.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "execution/operators/stream_element.h"
#include "test/support/operator_ends.h"
#include "test/support/random_value.h"

using namespace weir;
using weir::testing::Gathered;

namespace {

using Bytes = std::vector<std::byte>;
using Texts = std::vector<std::string>;

Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

Bytes record(const std::string& text, EventTime time = EventTime::none()) {
  Bytes bytes(kMaxElementHeaderBytes + Serializer<std::string>::bound(text) + kSegmentSlackBytes);
  std::byte* end = Serializer<std::string>::write(text, write_record_header(bytes.data(), time));
  bytes.resize(static_cast<std::size_t>(end - bytes.data()));
  return bytes;
}

template <class Number>
Bytes tagged(ElementTag tag, Number number) {
  Bytes bytes(1 + sizeof number);
  bytes[0] = static_cast<std::byte>(tag);
  store_raw(bytes.data() + 1, number);
  return bytes;
}

template <class Array>
Bytes bytes_of(const Array& array) {
  return {array.begin(), array.end()};
}

Bytes watermark(std::int64_t millis) { return bytes_of(watermark_bytes(EventTime{millis})); }
Bytes status(StreamStatus status) { return bytes_of(status_bytes(status)); }
Bytes large(const Bytes& element) {
  return tagged(ElementTag::LargeElement, std::uint64_t{element.size()}) + element;
}

/// A channel whose elements are gathered: records and, beside the number of records before them, the others.
struct Channel : ChannelReader::Listener {
  /// Reads one buffer, which ends where it says. Returns how many of its bytes were used.
  std::size_t read(const Bytes& bytes) {
    const std::unique_ptr<std::byte[]> exact(new std::byte[bytes.size()]);
    if (!bytes.empty()) std::memcpy(exact.get(), bytes.data(), bytes.size());
    return reader.read({exact.get(), bytes.size()}, records, *this, attention, record_count);
  }
  void on_watermark(EventTime watermark) override { note("watermark " + std::to_string(watermark.millis)); }
  void on_status(StreamStatus status) override { note(status == StreamStatus::Idle ? "idle" : "active"); }
  void on_latency_marker(const LatencyMarker& marker) override {
    note("marker " + std::to_string(marker.source) + "/" + std::to_string(marker.subtask) + " of " +
         std::to_string(marker.marked_at));
  }
  void note(const std::string& what) {
    others.push_back(std::to_string(head.values.size()) + ": " + what);
  }
  std::string failure(const Bytes& bytes) {
    try {
      (void)read(bytes);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  }

  Gathered<std::string> head;
  RecordReader<std::string, Gathered<std::string>> records{head};
  std::atomic<std::uint32_t> attention = 0;
  std::uint64_t record_count = 0;
  ChannelReader reader;
  Texts others;
};

/// A head that looks up after some records, as a task does when a letter comes.
struct Interrupter final : Input<std::string> {
  void process(const std::string& value, EventTime) override {
    values.push_back(value);
    if (values.size() % 2 == 0) attention = 1;
  }
  Texts values;
  std::atomic<std::uint32_t> attention = 0;
};

}  // namespace

TEST_CASE("the records of a buffer come in order, with their times") {
  Channel channel;
  const Bytes buffer = record("a") + record("b", EventTime{7}) + record("");
  CHECK(channel.read(buffer) == buffer.size());
  CHECK(channel.head.values == Texts{"a", "b", ""});
  CHECK(channel.head.times == std::vector{EventTime::none(), EventTime{7}, EventTime::none()});
  CHECK(channel.record_count == 3);
}

TEST_CASE("an empty buffer holds nothing") {
  Channel channel;
  CHECK(channel.read({}) == 0);
  CHECK(channel.head.values.empty());
}

TEST_CASE("watermarks and statuses come in order with the records") {
  Channel channel;
  channel.read(watermark(1) + record("a") + watermark(2) + status(StreamStatus::Idle) + record("b") +
               status(StreamStatus::Active) + watermark(-4));
  CHECK(channel.head.values == Texts{"a", "b"});
  CHECK(channel.others ==
        Texts{"0: watermark 1", "1: watermark 2", "1: idle", "2: active", "2: watermark -4"});
  CHECK(channel.record_count == 2);
}

TEST_CASE("a latency marker is told of in its place, and one that is cut short is refused") {
  const Bytes marker = bytes_of(latency_marker_bytes({.marked_at = -5, .source = 7, .subtask = 2}));
  Channel channel;
  channel.read(record("a") + marker + record("b"));
  CHECK(channel.others == Texts{"1: marker 7/2 of -5"});
  CHECK(channel.head.values == Texts{"a", "b"});
  CHECK(Channel().failure({marker.begin(), marker.end() - 1}) ==
        "a buffer holds an element of unknown kind 3");
}

TEST_CASE("a large element is put together from any number of buffers, with records before and behind it") {
  const std::string text(300, 'x');
  const Bytes all = record("a") + large(record(text)) + record("b") + large(record("small")) + record("c");
  const std::size_t header_end = record("a").size() + kLargeElementHeaderBytes;
  const std::size_t large_end = header_end + record(text).size();
  for (std::size_t first = header_end; first <= large_end; first += 7) {
    for (std::size_t second = first; second <= large_end; second += 31) {
      Channel channel;
      channel.read({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(first)});
      channel.read({all.begin() + static_cast<std::ptrdiff_t>(first),
                    all.begin() + static_cast<std::ptrdiff_t>(second)});
      channel.read({all.begin() + static_cast<std::ptrdiff_t>(second), all.end()});
      REQUIRE(channel.head.values == Texts{"a", text, "b", "small", "c"});
      REQUIRE(channel.record_count == 5);
    }
  }
}

TEST_CASE("a reader that is interrupted says how far it came, and goes on from there") {
  Interrupter head;
  RecordReader<std::string, Interrupter> records(head);
  Channel others;
  ChannelReader reader;
  std::uint64_t count = 0;
  const Bytes all = record("a") + record("b") + large(record("c")) + record("d") + watermark(5) + record("e");
  std::span<const std::byte> rest(all);
  int interruptions = 0;
  while (!rest.empty()) {
    rest = rest.subspan(reader.read(rest, records, others, head.attention, count));
    if (head.attention.exchange(0) != 0) ++interruptions;
  }
  CHECK(head.values == Texts{"a", "b", "c", "d", "e"});
  CHECK(interruptions == 2);
  CHECK(count == 5);
}

TEST_CASE("a reader that is wanted elsewhere reads nothing") {
  Channel channel;
  channel.attention = 8;
  CHECK(channel.read(record("a")) == 0);
  CHECK(channel.head.values.empty());
}

TEST_CASE("bytes that make no sense are refused with a word about them") {
  const Bytes cut = [] {
    Bytes bytes = record("abc");
    bytes.pop_back();
    return bytes;
  }();
  CHECK(Channel().failure(cut) == "a record could not be read: its bytes are no string");
  CHECK(Channel().failure({std::byte{77}}) == "a buffer holds an element of unknown kind 77");
  CHECK(Channel().failure({std::byte{2}, std::byte{1}}) == "a buffer holds an element of unknown kind 2");
  CHECK(Channel().failure({std::byte{4}}) == "a buffer holds an element of unknown kind 4");
  CHECK(Channel().failure({std::byte{4}, std::byte{2}}) == "a buffer holds an element of unknown kind 4");
  CHECK(Channel().failure(large({})).starts_with("an element of 0 bytes was announced"));
  CHECK(Channel().failure(tagged(ElementTag::LargeElement, kMaxElementBytes + 1)).find("was announced") !=
        std::string::npos);
  CHECK(Channel().failure(large(watermark(1))) == "a large element is no record");
  CHECK(Channel().failure(large(record("a") + Bytes{std::byte{99}})) == "a large element is no record");
}

TEST_CASE("a large element takes memory as it comes, not as it says") {
  Channel channel;
  const Bytes announced = tagged(ElementTag::LargeElement, kMaxElementBytes);
  CHECK(channel.read(announced) == announced.size());
  CHECK(channel.read(Bytes(100)) == 100);
  CHECK(channel.head.values.empty());
}

TEST_CASE("no bytes make a reader look beyond them") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  testing::Random random(seed);
  for (int round = 0; round < 5000; ++round) {
    Channel channel;
    for (int buffers = 0; buffers < 3; ++buffers) {
      Bytes bytes(random() % 60);
      for (auto& byte : bytes) byte = static_cast<std::byte>(random() % 4 == 0 ? random() : random() % 7);
      if (!channel.failure(bytes).empty()) break;
    }
  }
}
