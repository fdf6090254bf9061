// SPDX-License-Identifier: Apache-2.0
#include "network/tcp/frame.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "memory/data_view.h"

namespace weir::wire {

static_assert(kHeaderBytes + 16 + kMaxFailureText <= kMaxHeadBytes);

/// Writes the fields of a frame one behind the other, and its header last.
class FrameWriter {
public:
  template <class T>
  void number(T value) {
    store_raw(frame_.bytes_.data() + frame_.size_, value);
    frame_.size_ += sizeof value;
  }
  template <class Tag>
  void id(const Id<Tag>& id) {
    number(id.high);
    number(id.low);
  }
  void bytes(const void* from, std::size_t count) {
    std::memcpy(frame_.bytes_.data() + frame_.size_, from, count);
    frame_.size_ += count;
  }
  /// `payload_bytes` follow that are not part of this.
  [[nodiscard]] EncodedFrame finish(Kind kind, std::uint32_t payload_bytes = 0) {
    const auto size = std::exchange(frame_.size_, 0);
    number(static_cast<std::uint32_t>(size - kHeaderBytes) + payload_bytes);
    number(kMagic);
    number(kind);
    number(std::uint8_t{0});
    frame_.size_ = size;
    return frame_;
  }

  FrameWriter() { frame_.size_ = kHeaderBytes; }

private:
  EncodedFrame frame_;
};

namespace {

EncodedFrame write(const Hello& frame) {
  FrameWriter out;
  out.number(kHelloMagic);
  out.number(frame.version);
  out.number(std::uint16_t{0});
  out.number(frame.segment_bytes);
  out.id(frame.cluster);
  out.id(frame.node);
  out.bytes(frame.token.data(), frame.token.size());
  return out.finish(Kind::Hello);
}

EncodedFrame write(const PartitionRequest& frame) {
  FrameWriter out;
  out.id(frame.partition.data_set);
  out.number(frame.partition.partition);
  out.id(frame.partition.producer);
  out.number(frame.subpartition);
  out.number(frame.receiver);
  out.number(frame.credit);
  return out.finish(Kind::PartitionRequest);
}

EncodedFrame write(const Data& frame) {
  FrameWriter out;
  out.number(frame.receiver);
  out.number(frame.sequence);
  out.number(frame.backlog_buffers);
  return out.finish(Kind::Data, frame.bytes);
}

EncodedFrame write(const Event& frame) {
  FrameWriter out;
  out.number(frame.receiver);
  out.number(frame.sequence);
  out.number(frame.backlog_buffers);
  out.number(frame.event.kind);
  const bool is_round = frame.event.kind == StreamEvent::Kind::RoundMarker;
  out.number(static_cast<std::uint8_t>(is_round ? frame.event.is_quiet : frame.event.is_savepoint));
  out.number(std::uint16_t{0});
  out.number(is_round ? frame.event.round : frame.event.checkpoint_id);
  out.number(is_round ? static_cast<std::int64_t>(frame.event.iteration)
                      : std::int64_t{frame.event.triggered_at.time_since_epoch().count()});
  WEIR_CHECK(frame.event.storage_root.size() <= StreamEvent::kMaxRootBytes, "the coordinator sees to that");
  out.bytes(frame.event.storage_root.data(), frame.event.storage_root.size());
  return out.finish(Kind::Event);
}

EncodedFrame write(const AddCredit& frame) {
  FrameWriter out;
  out.number(frame.receiver);
  out.number(frame.credit);
  return out.finish(Kind::AddCredit);
}

EncodedFrame write_receiver(Kind kind, std::uint64_t receiver) {
  FrameWriter out;
  out.number(receiver);
  return out.finish(kind);
}

EncodedFrame write(const Starving& frame) { return write_receiver(Kind::Starving, frame.receiver); }
EncodedFrame write(const Cancel& frame) { return write_receiver(Kind::Cancel, frame.receiver); }

EncodedFrame write(const Failure& frame) {
  FrameWriter out;
  out.number(static_cast<std::uint8_t>(frame.receiver.has_value()));
  out.number(frame.error.blame);
  out.number(frame.error.retry);
  out.number(std::uint8_t{0});
  out.number(frame.error.code);
  out.number(std::uint16_t{0});
  out.number(frame.receiver.value_or(0));
  out.bytes(frame.error.what.data(), std::min(frame.error.what.size(), kMaxFailureText));
  return out.finish(Kind::Failure);
}

EncodedFrame write(const Close&) { return FrameWriter().finish(Kind::Close); }
EncodedFrame write(const Ping&) { return FrameWriter().finish(Kind::Ping); }

}  // namespace

EncodedFrame encode(const Frame& frame) {
  return std::visit([](const auto& specific) { return write(specific); }, frame);
}

}  // namespace weir::wire
