// SPDX-License-Identifier: Apache-2.0
// Segments of 32 KiB from one task to another in the same process:
// through partition, channel and gate, beside the barest hand-off that locks allow. Both copy 32 KiB into
// each segment and sum it up.
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
#include "network/input_channel.h"
#include "network/input_gate.h"
#include "network/partition_registry.h"
#include "network/result_partition.h"
#include "test/bench/figures.h"
#include "test/bench/limits/limits.h"

namespace weir {
namespace {

constexpr std::uint32_t kBytes = kDefaultSegmentBytes;
constexpr int kSegmentsARun = 20'000;

std::vector<std::uint64_t> make_payload() {
  std::vector<std::uint64_t> payload(kBytes / sizeof(std::uint64_t));
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = i * i;
  return payload;
}

std::uint64_t sum_of(std::span<const std::byte> bytes) {
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at < bytes.size(); at += sizeof sum) {
    std::uint64_t number = 0;
    std::memcpy(&number, bytes.data() + at, sizeof number);
    sum += number;
  }
  return sum;
}

std::unique_ptr<InputGate> open_gate(PartitionRegistry& registry, const ResultPartitionId& id, Bell& bell) {
  std::vector<std::unique_ptr<InputChannel>> channels;
  channels.push_back(std::make_unique<LocalInputChannel>(registry, id, 0));
  auto gate = std::make_unique<InputGate>(std::move(channels), bell);
  gate->request_partitions();
  return gate;
}

std::uint64_t read_segments(InputGate& gate, Bell& bell, int segments) {
  std::uint64_t sum = 0;
  BufferOrEvent got;
  while (segments > 0) {
    if (gate.poll(got) == InputGate::Poll::Data) {
      sum += sum_of(got.buffer.bytes());
      --segments;
    } else {
      bell.await();
    }
  }
  return sum;
}

/// Moves kSegmentsARun segments an iteration by `run`; the figure is GB/s.
template <class Run>
void measure(benchmark::State& state, Run run) {
  const double seconds = bench::seconds_of([&] {
    for (auto _ : state) run();
  });
  const auto bytes = static_cast<double>(state.iterations()) * kSegmentsARun * kBytes;
  bench::set_figure(state, bytes / seconds / 1e9, "GB/s");
}

void exchange(benchmark::State& state) {
  const auto in_flight = static_cast<std::uint32_t>(state.range(0));
  const auto payload = make_payload();
  NetworkBufferPool memory(in_flight, kBytes);
  PartitionRegistry registry;
  const ResultPartitionId id{.data_set = {1, 1}, .partition = 0, .producer = {1, 1}};
  const auto partition = std::make_shared<ResultPartition>(id, 1, *memory.create_pool(1));
  registry.add(partition);
  Bell bell;
  const auto gate = open_gate(registry, id, bell);
  measure(state, [&] {
    const Thread writer("writer", [&] {
      for (int i = 0; i < kSegmentsARun; ++i) {
        auto builder = partition->request_builder(0);
        std::memcpy(builder->begin(), payload.data(), kBytes);
        partition->finish_builder(0, std::move(*builder), kBytes);
      }
    });
    benchmark::DoNotOptimize(read_segments(*gate, bell, kSegmentsARun));
  });
}

void hand_off(benchmark::State& state) {
  measure(state, [] { benchmark::DoNotOptimize(limits::hand_off(kSegmentsARun)); });
}

// The limit has 16 segments in flight; a worker gives 18 to a gate of one channel.
BENCHMARK(exchange)->Name("exchange/ours")->Arg(18)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(hand_off)->Name("exchange/limit")->UseRealTime()->Unit(benchmark::kMillisecond);
// For those who tune how much is in flight; no rows of scripts/bench.
BENCHMARK(exchange)->Name("in_flight")->Arg(8)->Arg(16)->Arg(64)->UseRealTime();

}  // namespace
}  // namespace weir
