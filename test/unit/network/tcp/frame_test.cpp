// SPDX-License-Identifier: Apache-2.0
#include "network/tcp/frame.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "network/tcp/frame_reader.h"
#include "test/fuzz/wire_frames.h"

using namespace weir;
using namespace weir::wire;

namespace {

constexpr std::uint32_t kMaxData = 4096;
using Bytes = std::vector<std::byte>;

const std::vector<Frame> kOneOfEach{
    Hello{.segment_bytes = 8192, .cluster = {1, 2}, .node = {3, 4}, .token = {std::byte{5}}},
    PartitionRequest{.partition = {.data_set = {1, 2}, .partition = 3, .producer = {4, 5}},
                     .subpartition = 6,
                     .receiver = 7,
                     .credit = 8},
    Event{.receiver = 9,
          .sequence = std::numeric_limits<std::uint32_t>::max(),
          .backlog_buffers = 3,
          .event = {.kind = StreamEvent::Kind::CheckpointBarrier,
                    .checkpoint_id = 17,
                    .triggered_at = WallTime(std::chrono::milliseconds(123)),
                    .is_savepoint = true,
                    .storage_root = "/var/weir/checkpoints/0123"}},
    Event{.receiver = 9,
          .sequence = 1,
          .event = {.kind = StreamEvent::Kind::RoundMarker, .iteration = 4, .round = 12, .is_quiet = true}},
    AddCredit{.receiver = 10, .credit = 11},
    Starving{.receiver = 12},
    Cancel{.receiver = 13},
    Failure{.receiver = 14,
            .error = {.code = ErrorCode::ProducerFailed,
                      .what = "disk full",
                      .blame = Blame::Environment,
                      .retry = Retry::Later}},
    Failure{.receiver = std::nullopt, .error = {.what = ""}},
    Close{},
    Ping{},
};

Bytes encoded(const std::vector<Frame>& frames) {
  Bytes bytes;
  for (const auto& frame : frames) {
    const auto head = encode(frame);
    bytes.insert(bytes.end(), head.bytes().begin(), head.bytes().end());
  }
  return bytes;
}

struct Read {
  std::vector<Frame> frames;
  std::string payload;
  std::string refusal;
};

/// Reads `bytes`, which arrive `step` at a time.
Read read(std::span<const std::byte> bytes, std::size_t step = 1'000'000,
          FrameReader::Ahead ahead = FrameReader::Ahead::Freely) {
  FrameReader reader(kMaxData, ahead);
  Read result;
  std::size_t payload = 0;
  for (;;) {
    Bytes part(payload);
    part.resize(reader.take_payload(part));
    for (const auto byte : part) result.payload += static_cast<char>(byte);
    payload -= part.size();
    if (payload == 0) {
      auto next = reader.next();
      if (!next) {
        result.refusal = next.error().what;
        return result;
      }
      if (*next) {
        if (const auto* data = std::get_if<Data>(&**next)) payload = data->bytes;
        result.frames.push_back(**next);
        continue;
      }
    }
    const auto room = reader.room();
    const auto count = std::min({room.size(), bytes.size(), step});
    if (count == 0) return result;
    std::copy_n(bytes.begin(), count, room.begin());
    reader.filled(count);
    bytes = bytes.subspan(count);
  }
}

template <class T>
void put(Bytes& bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

std::string refusal_of(const Bytes& bytes) {
  const auto result = read(bytes);
  CHECK(result.frames.empty());
  CHECK_FALSE(result.refusal.empty());
  return result.refusal;
}

}  // namespace

TEST_CASE("each frame is read as it was written, however its bytes are cut") {
  const auto bytes = encoded(kOneOfEach);
  for (const std::size_t step : {1, 2, 7, 8, 24, 100, 100'000}) {
    for (const auto ahead : {FrameReader::Ahead::Exactly, FrameReader::Ahead::Freely}) {
      CAPTURE(step);
      CHECK(read(bytes, step, ahead).frames == kOneOfEach);
      CHECK(read(bytes, step, ahead).refusal.empty());
    }
  }
}

TEST_CASE("record bytes follow their data frame") {
  const Data data{.receiver = 1, .sequence = 2, .backlog_buffers = 3, .bytes = 5};
  auto bytes = encoded({data});
  for (const char c : std::string("hello")) bytes.push_back(static_cast<std::byte>(c));
  const auto end = encoded({Close{}});
  bytes.insert(bytes.end(), end.begin(), end.end());
  for (const std::size_t step : {1, 3, 24, 1000}) {
    const auto result = read(bytes, step);
    CHECK(result.frames == std::vector<Frame>{data, Close{}});
    CHECK(result.payload == "hello");
  }
}

TEST_CASE("a reader that reads ahead exactly leaves record bytes where they are") {
  FrameReader reader(kMaxData, FrameReader::Ahead::Exactly);
  CHECK(reader.room().size() == kDataHeadBytes);
  const auto head = encode(Data{.bytes = 100});
  std::copy_n(head.bytes().begin(), kDataHeadBytes, reader.room().begin());
  reader.filled(kDataHeadBytes);
  REQUIRE(*reader.next());
  std::byte scrap[1];
  CHECK(reader.take_payload(scrap) == 0);
  CHECK(reader.room().size() == kDataHeadBytes);
}

TEST_CASE("a frame that was cut off is no frame, and no error yet") {
  for (const auto& frame : kOneOfEach) {
    auto bytes = encoded({frame});
    bytes.pop_back();
    const auto result = read(bytes);
    CHECK(result.frames.empty());
    CHECK(result.refusal.empty());
  }
}

TEST_CASE("a length that does not fit its kind is refused before anything of it is kept") {
  for (const auto& frame : kOneOfEach) {
    for (const std::uint32_t length : {1u, 7u, 600u, kMaxData + 17, 0x7fffffffu, 0xffffffffu}) {
      auto bytes = encoded({frame});
      put(bytes, 0, length);
      CHECK_FALSE(read(bytes).refusal.empty());
    }
  }
}

TEST_CASE("a data frame without bytes, or with more than a segment, is refused") {
  CHECK(refusal_of(encoded({Data{.bytes = 0}})).find("16 bytes") != std::string::npos);
  CHECK(read(encoded({Data{.bytes = kMaxData}})).frames.size() == 1);
  (void)refusal_of(encoded({Data{.bytes = kMaxData + 1}}));
}

TEST_CASE("what is not exactly as drawn is refused") {
  auto bytes = encoded({kOneOfEach[2]});
  SUBCASE("another magic") { put(bytes, 4, std::uint16_t{7}); }
  SUBCASE("kind 0") { put(bytes, 6, std::uint8_t{0}); }
  SUBCASE("an unknown kind") { put(bytes, 6, std::uint8_t{10}); }
  SUBCASE("another kind of another length") { put(bytes, 6, std::uint8_t{1}); }
  SUBCASE("a reserved byte of the header") { put(bytes, 7, std::uint8_t{1}); }
  SUBCASE("a reserved byte of the body") { put(bytes, 8 + 18, std::uint16_t{1}); }
  SUBCASE("an unknown kind of event") { put(bytes, 8 + 16, std::uint8_t{4}); }
  SUBCASE("a flag that is neither 0 nor 1") { put(bytes, 8 + 17, std::uint8_t{2}); }
  (void)refusal_of(bytes);
}

TEST_CASE("no credit and credit beyond all reason are refused") {
  (void)refusal_of(encoded({AddCredit{.receiver = 1, .credit = 0}}));
  (void)refusal_of(encoded({AddCredit{.receiver = 1, .credit = kMaxCredit + 1}}));
  (void)refusal_of(encoded({PartitionRequest{.credit = kMaxCredit + 1}}));
  CHECK(read(encoded({PartitionRequest{.credit = 0}})).frames.size() == 1);
}

TEST_CASE("a hello of another version is refused with both versions") {
  CHECK(refusal_of(encoded({Hello{.version = 7}})).find("version 7, we speak 1") != std::string::npos);
  auto bytes = encoded({Hello{}});
  put(bytes, 8, std::uint32_t{0});
  (void)refusal_of(bytes);
}

TEST_CASE("the text of a failure is cut, and cannot write on a terminal") {
  const auto frames =
      read(encoded({Failure{.error = {.what = "a\x1b[2J\n" + std::string(2000, 'x')}}})).frames;
  REQUIRE(frames.size() == 1);
  const auto& text = std::get<Failure>(frames.front()).error.what;
  CHECK(text.size() == kMaxFailureText);
  CHECK(text.substr(0, 6) == "a?[2J?");
}

TEST_CASE("no bytes make a reader do what it must not") {
  const auto seed = std::random_device{}();
  MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  const auto valid = encoded(kOneOfEach);
  for (int round = 0; round < 20'000; ++round) {
    // Frames with a few bytes changed go deeper than noise.
    Bytes bytes(1, static_cast<std::byte>(random()));
    bytes.insert(bytes.end(), valid.begin(), valid.end());
    for (auto changes = random() % 4; changes > 0; --changes) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    }
    bytes.resize(random() % (bytes.size() + 1));
    (void)fuzz::read_frames(bytes);
  }
  for (int round = 0; round < 2000; ++round) {
    Bytes bytes(random() % 200);
    for (auto& byte : bytes) byte = static_cast<std::byte>(random());
    (void)fuzz::read_frames(bytes);
  }
}
