// SPDX-License-Identifier: Apache-2.0
// How long a record takes from one process to another at 100,000 records a second, from the time when it was
// due to the time when it was read: a hiccup of the machine counts for every record that it held up. Beside
// it a bare TCP connection between two processes that writes what is due at the same times, and as counters
// what a third process sees that does nothing but wake up: the machine's own hiccups.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bell.h"
#include "execution/operators/channel_selectors.h"
#include "execution/task/input_processor.h"
#include "execution/task/mailbox.h"
#include "execution/task/record_writer.h"
#include "memory/network_buffer_pool.h"
#include "memory/serializers_std.h"
#include "network/input_gate.h"
#include "network/partition_registry.h"
#include "network/remote_channel.h"
#include "network/tcp/data_client.h"
#include "network/tcp/data_server.h"
#include "network/tcp/waiting_stream.h"
#include "test/bench/figures.h"

namespace weir {
namespace {

constexpr Duration kInterval = 10us;
constexpr std::int64_t kRecords = 300'000;
constexpr std::int64_t kWarmUp = 50'000;  // the first are not counted
const ResultPartitionId kPartition{.data_set = {1, 1}, .partition = 0, .producer = {1, 1}};

/// 16 bytes. All processes of a machine have the same monotonic clock.
struct Stamp {
  std::int64_t number = 0;
  std::int64_t due_ns = 0;
};

std::int64_t now_ns() { return SystemClock{}.now().time_since_epoch().count(); }

/// Latencies in microseconds, as they go through a pipe.
struct Latencies {
  double p50 = 0;
  double p99 = 0;
  double p999 = 0;
  double most = 0;
};

class LatencyLog {
public:
  LatencyLog() { all_.reserve(kRecords); }
  void add(const Stamp& stamp) {
    if (stamp.number >= kWarmUp) all_.push_back(static_cast<double>(now_ns() - stamp.due_ns) / 1e3);
  }
  [[nodiscard]] Latencies result() {
    std::sort(all_.begin(), all_.end());
    const auto at = [&](double share) {
      return all_.empty() ? 0 : all_[static_cast<std::size_t>(share * static_cast<double>(all_.size() - 1))];
    };
    return {at(0.5), at(0.99), at(0.999), at(1)};
  }

private:
  std::vector<double> all_;
};

/// A process that does one thing and answers with what it measured.
class Child {
public:
  template <class Work>
  explicit Child(Work work) {
    std::array<int, 2> ends{};
    WEIR_CHECK(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0, "there are sockets");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      const Latencies result = work(ends[1]);
      (void)!::write(ends[1], &result, sizeof result);
      ::_exit(0);
    }
    ::close(ends[1]);
    channel_ = Descriptor(ends[0]);
  }
  ~Child() { (void)::waitpid(pid_, nullptr, 0); }

  /// One line that it reads with hear().
  void tell(const std::string& line) {
    std::array<char, 64> padded{};
    std::copy(line.begin(), line.end(), padded.begin());
    (void)!::write(channel_.number(), padded.data(), padded.size());
  }
  static std::string hear(int channel) {
    std::array<char, 64> line{};
    WEIR_CHECK(::recv(channel, line.data(), line.size(), MSG_WAITALL) == 64, "the parent tells one line");
    return line.data();
  }
  Latencies result() {
    Latencies measured;
    (void)!::recv(channel_.number(), &measured, sizeof measured, MSG_WAITALL);
    return measured;
  }

private:
  pid_t pid_ = -1;
  Descriptor channel_;
};

/// Calls `emit` with each record when it is due, and `rest` before each sleep.
template <class Emit, class Rest>
void at_the_rhythm(Duration interval, Emit emit, Rest rest) {
  Bell never;
  const auto begin = SystemClock{}.now();
  for (std::int64_t number = 0; number * interval < kRecords * kInterval;) {
    const auto due = begin + number * interval;
    if (SystemClock{}.now() >= due) {
      emit(Stamp{number++, due.time_since_epoch().count()});
    } else {
      rest();
      (void)never.await_until(due);
    }
  }
}

/// How late a process is that wakes up a thousand times a second and does nothing else.
Latencies hiccups(int) {
  LatencyLog log;
  at_the_rhythm(1ms, [&](const Stamp& stamp) { log.add({stamp.number + kWarmUp, stamp.due_ns}); }, [] {});
  return log.result();
}

/// One worker as the wire sees it.
struct Node {
  ~Node() {
    registry.close();
    io.stop();
  }
  NetworkBufferPool memory{64, kDefaultSegmentBytes};
  PartitionRegistry registry;
  IoLoop io{"io"};
  DataServer server{io, registry, {.identity = LinkIdentity{}}};
  DataClient client{io, {.identity = LinkIdentity{}}};
};

/// Where the stamps end.
class StampLog final : public Input<Stamp> {
public:
  void process(const Stamp& stamp, EventTime) override { log.add(stamp); }
  LatencyLog log;
};

/// The task that reads, in its process.
Latencies read_task(int channel) {
  const auto address = Child::hear(channel);
  Node node;
  Bell bell;
  std::vector<std::unique_ptr<InputChannel>> channels;
  channels.push_back(std::make_unique<RemoteInputChannel>(
      node.client, RemotePartition{.address = address, .partition = kPartition, .subpartition = 0},
      RemoteBuffers{*node.memory.create_pool(2, 2), *node.memory.create_pool(0, 16)}));
  InputGate gate(std::move(channels), bell);
  StampLog stamps;
  InputProcessor input;
  input.add(gate, std::make_unique<RecordReader<Stamp, StampLog>>(stamps), stamps);
  const std::atomic<std::uint32_t> attention = 0;
  for (;;) {
    const auto step = input.step(attention);
    if (step == InputProcessor::Step::Finished) return stamps.log.result();
    if (step == InputProcessor::Step::Idle) bell.await();
  }
}

/// The task that writes, in this process: as a source does that waits for the time of its next record.
void write_task(Child& reader) {
  Node node;
  Bell bell;
  Mailbox mailbox(bell);
  TaskMetrics metrics;
  const auto partition = std::make_shared<ResultPartition>(kPartition, 1, *node.memory.create_pool(1, 18));
  RecordWriter writer(partition, 100ms, mailbox, metrics);
  node.registry.add(partition);
  reader.tell(*node.server.listen("127.0.0.1", 0));
  at_the_rhythm(
      kInterval,
      [&](const Stamp& stamp) {
        detail::write_record(writer, 0, stamp, EventTime::none());
        if ((mailbox.take_signals() & Mailbox::kReaderStarved) != 0) writer.serve_starved_readers();
      },
      [&] { writer.flush_all(); });
  writer.finish();
  while (!partition->is_consumed()) (void)bell.await_until(SystemClock{}.now() + 1ms);
}

Latencies ours() {
  Child reader(read_task);
  write_task(reader);
  return reader.result();
}

/// A socket whose calls wait, without delay for small writes.
Descriptor waiting(Descriptor socket) {
  tune(socket, 2s);
  WEIR_CHECK(::fcntl(socket.number(), F_SETFL, 0) == 0, "a socket can wait");
  return socket;
}

Latencies read_bare(const SocketAddress& where) {
  const auto socket = waiting(*await_connection(where, SystemClock{}.now() + 10s));
  LatencyLog log;
  std::vector<std::byte> bytes(kDefaultSegmentBytes);
  for (std::size_t filled = 0;;) {
    const auto got = ::read(socket.number(), bytes.data() + filled, bytes.size() - filled);
    if (got <= 0) return log.result();
    filled += static_cast<std::size_t>(got);
    std::size_t at = 0;
    for (; at + sizeof(Stamp) <= filled; at += sizeof(Stamp)) {
      Stamp stamp;
      std::memcpy(&stamp, bytes.data() + at, sizeof stamp);
      log.add(stamp);
    }
    std::memmove(bytes.data(), bytes.data() + at, filled - at);
    filled -= at;
  }
}

Latencies bare_tcp() {
  const auto listener = *listen_at(*SocketAddress::resolve("127.0.0.1", 0));
  const auto where = *address_of(listener);
  Child reader([&](int) { return read_bare(where); });
  {
    auto accepted = *await_accepted(listener, SystemClock{}.now() + 10s);
    const auto socket = waiting(std::move(accepted->socket));
    std::vector<Stamp> due;
    at_the_rhythm(
        kInterval, [&](const Stamp& stamp) { due.push_back(stamp); },
        [&] {
          (void)!::write(socket.number(), due.data(), due.size() * sizeof(Stamp));
          due.clear();
        });
    (void)!::write(socket.number(), due.data(), due.size() * sizeof(Stamp));
  }
  return reader.result();
}

template <Latencies (*Measure)()>
void latency(benchmark::State& state) {
  Latencies measured;
  Latencies machine;
  for (auto _ : state) {
    Child meter(hiccups);
    measured = Measure();
    machine = meter.result();
  }
  bench::set_figure(state, measured.p99, "us, p99");
  state.counters["p50"] = measured.p50;
  state.counters["p99.9"] = measured.p999;
  state.counters["most"] = measured.most;
  state.counters["hiccup_p99"] = machine.p99;
  state.counters["hiccup_most"] = machine.most;
}

BENCHMARK(latency<ours>)->Name("wire_latency_p99/ours")->Iterations(1)->UseRealTime();
BENCHMARK(latency<bare_tcp>)->Name("wire_latency_p99/limit")->Iterations(1)->UseRealTime();

}  // namespace
}  // namespace weir
