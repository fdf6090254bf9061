// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "base/ids.h"
#include "base/result.h"
#include "memory/memory_segment.h"
#include "network/stream_event.h"
#include "network/tcp/link_identity.h"

/// What two workers say to each other on a data link: frames. docs/wire.md tells who says what when.
///
///   bytes   0        4      6    7     8
///           +--------+------+----+-----+----------------------+
///           | length | 'WR' |kind|  0  | body, `length` bytes |      numbers: little endian
///           +--------+------+----+-----+----------------------+      ids: high word, low word
///
///   kind                body (bytes)
///   1 Hello             'WEIR' 4 | version 2 | 0 2 | segment bytes 4 | cluster 16 | node 16 | token 32
///   2 PartitionRequest  data set 16 | partition 4 | producer 16 | subpartition 4 | receiver 8 | credit 4
///   3 Data              receiver 8 | sequence 4 | backlog 4 | record bytes, 1 to a segment
///   4 Event             receiver 8 | sequence 4 | backlog 4 | kind 1 | savepoint 1 | 0 2 | checkpoint 8 |
///                       triggered at 8 | storage root, <= 512
///                       of a round marker: ... | kind 1 | quiet 1 | 0 2 | round 8 | iteration 8
///   5 AddCredit         receiver 8 | credit 4
///   6 Starving          receiver 8
///   7 Cancel            receiver 8
///   8 Failure           has receiver 1 | blame 1 | retry 1 | 0 1 | code 2 | 0 2 | receiver 8 | text, <= 512
///   9 Close             nothing
///  10 Ping              nothing
///
/// Every kind has a least and a most length, the most being that of Data; nothing is allocated for a length
/// that a peer claims. Reserved bytes must be 0, choices must be known: what is not exactly as drawn is
/// refused.
namespace weir::wire {

inline constexpr std::uint16_t kVersion = 1;
inline constexpr std::uint16_t kMagic = 'W' | 'R' << 8;
inline constexpr std::uint32_t kHelloMagic = 'W' | 'E' << 8 | 'I' << 16 | 'R' << 24;

enum class Kind : std::uint8_t {
  Hello = 1,
  PartitionRequest,
  Data,
  Event,
  AddCredit,
  Starving,
  Cancel,
  Failure,
  Close,
  Ping,
};

inline constexpr std::size_t kHeaderBytes = 8;
/// A data frame up to its record bytes.
inline constexpr std::size_t kDataHeadBytes = kHeaderBytes + 16;
inline constexpr std::size_t kMaxFailureText = 512;
/// The longest frame, record bytes apart.
inline constexpr std::size_t kMaxHeadBytes = kHeaderBytes + 36 + StreamEvent::kMaxRootBytes;

/// More credit than this has no use and is refused; counts of it cannot overflow.
inline constexpr std::uint32_t kMaxCredit = 1u << 20;

/// The first frame of either side. One cluster, one secret, one size of segments, or there is no link.
struct Hello {
  std::uint16_t version = kVersion;
  std::uint32_t segment_bytes = kDefaultSegmentBytes;
  ClusterId cluster;
  TaskManagerId node;
  LinkToken token{};
  bool operator==(const Hello&) const = default;
};

/// Reader to writer: send me this stream under this number, at first as many buffers as `credit`.
struct PartitionRequest {
  ResultPartitionId partition;
  std::uint32_t subpartition = 0;
  std::uint64_t receiver = 0;  // chosen by the reader, used once on a link
  std::uint32_t credit = 0;    // may be 0
  bool operator==(const PartitionRequest&) const = default;
};

/// Writer to reader: what follows are `bytes` record bytes. Uses up one credit.
struct Data {
  std::uint64_t receiver = 0;
  std::uint32_t sequence = 0;  // buffers and events of a receiver, from 0; wraps round
  std::uint32_t backlog_buffers = 0;
  std::uint32_t bytes = 0;
  bool operator==(const Data&) const = default;
};

/// Writer to reader. Needs no credit.
struct Event {
  std::uint64_t receiver = 0;
  std::uint32_t sequence = 0;
  std::uint32_t backlog_buffers = 0;
  StreamEvent event;
  bool operator==(const Event&) const = default;
};

/// Reader to writer: this many buffers more.
struct AddCredit {
  std::uint64_t receiver = 0;
  std::uint32_t credit = 0;  // > 0
  bool operator==(const AddCredit&) const = default;
};

/// Reader to writer: I have nothing to do, what the producer has begun should come now.
struct Starving {
  std::uint64_t receiver = 0;
  bool operator==(const Starving&) const = default;
};

/// Reader to writer: nothing more for this receiver, please.
struct Cancel {
  std::uint64_t receiver = 0;
  bool operator==(const Cancel&) const = default;
};

/// Writer to reader: this stream ended badly. Without a receiver, either way: the whole link does.
struct Failure {
  std::optional<std::uint64_t> receiver;
  Error error;  // `what` is cut at kMaxFailureText, and has no control characters once it was read
  bool operator==(const Failure&) const = default;
};

/// Either way: I go, and nothing is wrong.
struct Close {
  bool operator==(const Close&) const = default;
};

/// Either way: I am alive, and have nothing else to say.
struct Ping {
  bool operator==(const Ping&) const = default;
};

using Frame =
    std::variant<Hello, PartitionRequest, Data, Event, AddCredit, Starving, Cancel, Failure, Close, Ping>;

/// A frame as it is sent, record bytes apart.
class EncodedFrame {
public:
  [[nodiscard]] std::span<const std::byte> bytes() const { return {bytes_.data(), size_}; }

private:
  friend class FrameWriter;
  std::array<std::byte, kMaxHeadBytes> bytes_;
  std::size_t size_ = 0;
};

[[nodiscard]] EncodedFrame encode(const Frame& frame);

}  // namespace weir::wire
