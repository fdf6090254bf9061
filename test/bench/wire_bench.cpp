// SPDX-License-Identifier: Apache-2.0
// The exchange between two workers over loopback, each with its task and its I/O thread in this process,
// beside a bare TCP connection into which one thread writes 32 KiB at a time and from which another reads.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/bell.h"
#include "base/thread.h"
#include "memory/network_buffer_pool.h"
#include "network/input_gate.h"
#include "network/partition_registry.h"
#include "network/remote_channel.h"
#include "network/result_partition.h"
#include "network/tcp/data_client.h"
#include "network/tcp/data_server.h"
#include "test/bench/figures.h"
#include "test/bench/limits/limits.h"

namespace weir {
namespace {

constexpr std::uint32_t kBytes = kDefaultSegmentBytes;
constexpr std::uint64_t kBytesARun = 2ull << 30;

/// One worker as the wire sees it, with the memory that a worker gives to a partition or a gate of one
/// channel.
struct Node {
  explicit Node(std::uint32_t segments) : memory(segments, kBytes) {}
  ~Node() {
    registry.close();
    io.stop();
  }
  NetworkBufferPool memory;
  PartitionRegistry registry;
  IoLoop io{"io"};
  DataServer server{io, registry, {.identity = LinkIdentity{}}};
  DataClient client{io, {.identity = LinkIdentity{}}};
};

/// Nobody looks at the bytes: what the wire itself can do.
struct Segments {
  static std::uint32_t write(std::byte*, std::byte*) { return kBytes; }
  static void read(std::span<const std::byte>) {}
};

/// Records of `Size` bytes with a length in front, copied into segments one by one, each looked at on the
/// other side.
template <std::uint32_t Size>
struct Records {
  static constexpr std::uint32_t kRecordBytes = Size + sizeof(std::uint32_t);

  static std::uint32_t write(std::byte* begin, std::byte* end) {
    static const std::vector<std::byte> record(Size, std::byte{1});
    auto* at = begin;
    for (; end - at >= kRecordBytes; at += kRecordBytes) {
      const std::uint32_t size = Size;
      std::memcpy(at, &size, sizeof size);
      std::memcpy(at + sizeof size, record.data(), Size);
    }
    return static_cast<std::uint32_t>(at - begin);
  }
  static void read(std::span<const std::byte> bytes) {
    std::uint64_t sum = 0;
    for (std::size_t at = 0; at < bytes.size();) {
      std::uint32_t size = 0;
      std::memcpy(&size, bytes.data() + at, sizeof size);
      std::uint64_t first = 0;
      std::memcpy(&first, bytes.data() + at + sizeof size, sizeof first);
      sum += first;
      at += sizeof size + size;
    }
    benchmark::DoNotOptimize(sum);
  }
};

template <class Content>
void write_all(ResultPartition& partition) {
  for (std::uint64_t written = 0; written < kBytesARun;) {
    auto builder = partition.request_builder(0);
    if (!builder) return;
    const auto bytes = Content::write(builder->begin(), builder->end());
    partition.finish_builder(0, std::move(*builder), bytes);
    written += bytes;
  }
  partition.finish();
}

template <class Content>
std::uint64_t read_all(InputGate& gate, Bell& bell) {
  std::uint64_t read = 0;
  BufferOrEvent got;
  for (;;) {
    switch (gate.poll(got)) {
      case InputGate::Poll::Data:
        if (got.event) break;
        Content::read(got.buffer.bytes());
        read += got.buffer.size();
        break;
      case InputGate::Poll::Empty: bell.await(); break;
      case InputGate::Poll::Finished: return read;
      case InputGate::Poll::Failed: return 0;
    }
  }
}

template <class Content>
void exchange(benchmark::State& state) {
  constexpr std::uint32_t kExclusive = 2;
  const auto in_flight = static_cast<std::uint32_t>(state.range(0));
  Node writing(in_flight);
  Node reading(in_flight);
  const auto address = writing.server.listen("127.0.0.1", 0);
  const ResultPartitionId id{.data_set = {1, 1}, .partition = 0, .producer = {1, 1}};
  double seconds = 0;
  std::uint64_t bytes = 0;
  for (auto _ : state) {
    const auto partition = std::make_shared<ResultPartition>(id, 1, *writing.memory.create_pool(1));
    writing.registry.add(partition);
    Bell bell;
    std::vector<std::unique_ptr<InputChannel>> channels;
    channels.push_back(std::make_unique<RemoteInputChannel>(
        reading.client, RemotePartition{.address = *address, .partition = id, .subpartition = 0},
        RemoteBuffers{*reading.memory.create_pool(kExclusive, kExclusive), *reading.memory.create_pool(0)}));
    InputGate gate(std::move(channels), bell);
    gate.request_partitions();
    seconds += bench::seconds_of([&] {
      const Thread writer("writer", [&] { write_all<Content>(*partition); });
      bytes += read_all<Content>(gate, bell);
    });
  }
  bench::set_figure(state, static_cast<double>(bytes) / seconds / 1e9, "GB/s");
}

void bare_tcp(benchmark::State& state) {
  std::uint64_t bytes = 0;
  const double seconds = bench::seconds_of([&] {
    for (auto _ : state) bytes += limits::loopback_tcp(kBytesARun, kBytes);
  });
  bench::set_figure(state, static_cast<double>(bytes) / seconds / 1e9, "GB/s");
}

// 18 segments: what a worker gives to a gate of one channel.
BENCHMARK(exchange<Segments>)->Name("wire/ours")->Arg(18)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(bare_tcp)->Name("wire/limit")->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(exchange<Records<1024>>)->Name("wire_1KiB_records/ours")->Arg(18)->UseRealTime();
BENCHMARK(bare_tcp)->Name("wire_1KiB_records/limit")->UseRealTime();
BENCHMARK(exchange<Records<16>>)->Name("wire_16B_records/ours")->Arg(18)->UseRealTime();
BENCHMARK(bare_tcp)->Name("wire_16B_records/limit")->UseRealTime();
// For those who tune how much is in flight; no rows of scripts/bench.
BENCHMARK(exchange<Segments>)->Name("wire_in_flight")->Arg(8)->Arg(18)->Arg(34)->Arg(66)->UseRealTime();

}  // namespace
}  // namespace weir
