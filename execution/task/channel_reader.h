// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "execution/operators/element_reader.h"

namespace weir {

/// The elements of one input channel: hands runs of records to the typed reader, puts large elements
/// together, and what stands between records to whoever minds the channels' times.
///
/// Threads: the task's. Errors: throws std::runtime_error if the bytes make no sense.
class ChannelReader {
public:
  /// A port: the input processor implements it. What it is told of comes from the channel that is being read.
  class Listener {
  public:
    virtual ~Listener() = default;
    virtual void on_watermark(EventTime watermark) = 0;
    virtual void on_status(StreamStatus status) = 0;
    virtual void on_latency_marker(const LatencyMarker&) {}
  };

  /// Works through `bytes` up to their end, or until `attention` is not zero. Returns how many were used up;
  /// the caller comes back with the rest.
  std::size_t read(std::span<const std::byte> bytes, ElementReader& records, Listener& listener,
                   const std::atomic<std::uint32_t>& attention, std::uint64_t& record_count);

private:
  /// Reads what is no record. Returns where it ends.
  const std::byte* read_other(const std::byte* at, const std::byte* end, Listener& listener);
  /// Takes up what belongs to the large element under way. Returns how many bytes that were.
  std::size_t assemble(std::span<const std::byte> bytes);
  void read_assembled(ElementReader& records, std::uint64_t& record_count);

  std::vector<std::byte> large_;     // a large element under way
  std::uint64_t large_missing_ = 0;  // bytes of it that have not come
};

}  // namespace weir
