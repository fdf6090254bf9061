// SPDX-License-Identifier: Apache-2.0
// Two workers over loopback: what must hold between tasks that are far apart.
#include "network/tcp/data_client.h"

#include <atomic>
#include <random>

#include "base/thread.h"
#include "test/support/linger.h"
#include "test/support/process_counts.h"
#include "test/unit/network/tcp/exchange_all.h"

using namespace weir;
using namespace weir::exchange;
using Counts = weir::testing::ProcessCounts;

namespace {

/// 0 if the stream fails.
std::uint64_t bytes_until_the_end(InputGate& gate, Bell& bell) {
  std::uint64_t bytes = 0;
  BufferOrEvent got;
  for (;;) {
    switch (gate.poll(got)) {
      case InputGate::Poll::Data: bytes += got.event ? 0 : got.buffer.size(); break;
      case InputGate::Poll::Empty: REQUIRE(bell.await_until(much_later())); break;
      case InputGate::Poll::Finished: return bytes;
      case InputGate::Poll::Failed: return 0;
    }
  }
}

}  // namespace

TEST_CASE("every number arrives once and in order, over one link, whatever the shape") {
  const auto seed = std::random_device{}();
  MESSAGE("seed " << seed);
  for (const Shape& shape :
       {Shape{1, 1, 1, 0}, Shape{1, 1, 16, 16}, Shape{1, 4, 4, 2}, Shape{4, 1, 3, 1}, Shape{3, 5, 8, 4}}) {
    CAPTURE(shape.producers);
    CAPTURE(shape.consumers);
    exchange_all(link_options(), shape, 60'000, seed);
  }
}

TEST_CASE("the same when the network hands over a few bytes at a time") {
  const auto seed = std::random_device{}();
  MESSAGE("seed " << seed);
  auto options = link_options();
  options.streams = std::make_shared<ShreddedStreams>(seed);
  exchange_all(options, {2, 3, 4, 2}, 30'000, seed);
}

TEST_CASE("a reader that does not read stops its own producer and nobody else on the link") {
  Node writing;
  Node reading;
  writing.listen();
  Bell bell;
  Bell blocked_bell;
  const auto blocked = writing.worker.add_partition(0, 1, 4);
  const auto blocked_gate = reading.open_gate(writing, 1, 0, blocked_bell);
  std::atomic<bool> blocked_wrote_all = true;
  Thread blocked_writer("blocked", [&] { blocked_wrote_all = NumberWriter(blocked, 10'000'000, 1).run(); });

  constexpr std::uint64_t kBytes = 100'000'000;
  const auto busy = writing.worker.add_partition(1, 1, 4);
  std::vector<std::unique_ptr<InputChannel>> channels;
  channels.push_back(reading.channel_to(writing, 1, 0, nullptr));
  InputGate gate(std::move(channels), bell);
  gate.request_partitions();
  Thread writer("writer", [busy] {
    for (std::uint64_t written = 0; written < kBytes; written += Worker::kSegmentBytes) {
      auto builder = busy->request_builder(0);
      if (!builder) return;
      busy->finish_builder(0, std::move(*builder), Worker::kSegmentBytes);
    }
    busy->finish();
  });
  CHECK(bytes_until_the_end(gate, bell) >= kBytes);
  writer.join();
  CHECK(writing.server.counts().open == 1);

  blocked->fail("enough");
  blocked_writer.join();
  CHECK_FALSE(blocked_wrote_all);
  CHECK(NumberReader(*blocked_gate, blocked_bell, 4).run() == InputGate::Poll::Failed);
  CHECK(blocked_gate->failure().what.find("enough") != std::string::npos);
}

TEST_CASE("what a slow reader has not asked for stays at its producer") {
  Node writing;
  Node reading;
  writing.listen();
  Bell bell;
  const auto partition = writing.worker.add_partition(0, 1, 64);
  for (int i = 0; i < 50; ++i) write(*partition, 0, std::to_string(i));
  const auto gate = reading.open_gate(writing, 1, 0, bell, /*floating=*/3);
  REQUIRE(bell.await_until(much_later()));
  // Two exclusive, three floating, none read: the other 45 wait there.
  await([&] { return partition->subpartition(0).backlog_buffers() == 45; });
  for (int i = 0; i < 50; ++i) CHECK(await_read(*gate, bell) == "0:" + std::to_string(i));
}

TEST_CASE("events pass a reader that has no segment left") {
  Node writing;
  Node reading;
  writing.listen();
  Bell bell;
  const auto partition = writing.worker.add_partition(0, 1);
  write(*partition, 0, "a");
  write(*partition, 0, "b");
  partition->broadcast(barrier(5));
  partition->finish();
  const auto gate = reading.open_gate(writing, 1, 0, bell, /*floating=*/0);
  await([&] { return writing.worker.registry.partition_count() == 0; });  // all was sent
  CHECK(await_read(*gate, bell) == "0:a");
  CHECK(await_read(*gate, bell) == "0:b");
  CHECK(await_read(*gate, bell) == "0:<barrier 5>");
  CHECK(await_read(*gate, bell) == "0:<end>");
}

TEST_CASE("a reader that is dry has what its producer has begun") {
  Node writing;
  Node reading;
  writing.listen();
  struct Flusher final : FlushListener {
    void on_reader_starved() override { asked.ring(); }
    Bell asked;
  } flusher;
  const auto partition = writing.worker.make_partition(0, 1);
  partition->set_listener(&flusher);
  Bell bell;
  const auto gate = reading.open_gate(writing, 1, 0, bell);
  CHECK(read(*gate) == "empty");
  writing.worker.registry.add(partition);
  CHECK(flusher.asked.await_until(much_later()));  // asked before the partition was there, and not forgotten
  CHECK(partition->subpartition(0).is_starving());
  auto builder = begin_segment(*partition, 0, "half");
  partition->flush(0);
  CHECK(await_read(*gate, bell) == "0:half");
  CHECK(read(*gate) == "empty");
  CHECK(flusher.asked.await_until(much_later()));
  partition->finish_builder(0, std::move(builder), 4);
  partition->set_listener(nullptr);
}

TEST_CASE("a reader that goes leaves its producer and its neighbours alone") {
  Node writing;
  Node reading;
  writing.listen();
  Bell bell;
  Bell other_bell;
  const auto partition = writing.worker.add_partition(0, 2, 4);
  auto gate = reading.open_gate(writing, 1, 0, bell);
  const auto other = reading.open_gate(writing, 1, 1, other_bell);
  std::atomic<bool> wrote_all = false;
  Thread writer("writer", [&] { wrote_all = NumberWriter(partition, 200'000, 1).run(); });
  REQUIRE(bell.await_until(much_later()));
  gate.reset();
  NumberReader reader(*other, other_bell, 2);
  CHECK(reader.run() == InputGate::Poll::Finished);
  CHECK(reader.total() == 200'000);
  writer.join();
  CHECK(wrote_all);
  await([&] { return partition->is_consumed(); });
}

TEST_CASE("a producer's failure reaches its reader with cause and place, and only its reader") {
  Node writing;
  Node reading;
  writing.listen();
  Bell bell;
  Bell other_bell;
  const auto bad = writing.worker.add_partition(0, 1);
  const auto good = writing.worker.add_partition(1, 1);
  const auto gate = reading.open_gate(writing, 1, 0, bell);
  std::vector<std::unique_ptr<InputChannel>> channels;
  channels.push_back(reading.channel_to(writing, 1, 0, nullptr));
  InputGate other(std::move(channels), other_bell);
  other.request_partitions();
  write(*bad, 0, "a");
  CHECK(await_read(*gate, bell) == "0:a");
  bad->fail("disk full");
  CHECK(await_read(*gate, bell) == "failed");
  CHECK(gate->failure().code == ErrorCode::ProducerFailed);
  CHECK(gate->failure().what.find(writing.address) != std::string::npos);
  CHECK(gate->failure().what.find("disk full") != std::string::npos);
  write(*good, 0, "b");
  CHECK(await_read(other, other_bell) == "0:b");
}

TEST_CASE("a partition that comes later is read then; one that never comes is reported by its name") {
  Node writing;
  Node reading;
  writing.listen();
  Bell bell;
  const auto gate = reading.open_gate(writing, 1, 0, bell);
  SUBCASE("later") {
    const auto partition = writing.worker.add_partition(0, 1);
    write(*partition, 0, "a");
    CHECK(await_read(*gate, bell) == "0:a");
  }
  SUBCASE("never") {
    // Time is what we say; the request has arrived once a tick far ahead refuses it.
    auto now = TimePoint{} + 1h;
    await([&] {
      writing.worker.registry.on_tick(now);
      now += PartitionRegistry::kDefaultTimeout;
      return read(*gate) == "failed";
    });
    CHECK(gate->failure().code == ErrorCode::PartitionNotFound);
    CHECK(gate->failure().what.find(writing.worker.id(0).data_set.hex()) != std::string::npos);
  }
  SUBCASE("not this subpartition") {
    writing.worker.add_partition(0, 1);
    Bell other_bell;
    const auto other = reading.open_gate(writing, 1, 7, other_bell);
    CHECK(await_read(*other, other_bell) == "failed");
  }
}

TEST_CASE("a lost link fails every stream of it with the peer's name, and all segments come home") {
  const auto seed = std::random_device{}();
  MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  auto options = link_options();
  options.reconnect = {.first = 1ms, .longest = 5ms, .deadline = 20ms};  // it may go before it was found
  for (int round = 0; round < 20; ++round) {
    CAPTURE(round);
    auto writing = std::make_unique<Node>(options);
    auto reading = std::make_unique<Node>(options);
    writing->listen();
    std::vector<Bell> bells(2);
    std::vector<std::unique_ptr<InputGate>> gates;
    std::vector<std::unique_ptr<NumberReader>> readers;
    std::vector<InputGate::Poll> ends(2, InputGate::Poll::Finished);
    const auto partition = writing->worker.add_partition(0, 2, 8);
    std::vector<Thread> threads;
    for (std::uint32_t i = 0; i < 2; ++i) {
      gates.push_back(reading->open_gate(*writing, 1, i, bells[i]));
      readers.push_back(std::make_unique<NumberReader>(*gates.back(), bells[i], seed + i));
      threads.emplace_back("reader", [&ends, i, reader = readers.back().get()] { ends[i] = reader->run(); });
    }
    Thread writer("writer", [partition] { (void)NumberWriter(partition, 100'000'000, 1).run(); });
    testing::linger(random);
    const auto address = writing->address;
    if (round % 2 == 0) {
      writing->io.stop();  // as when its process ends
    } else {
      reading->io.stop();
    }
    threads.clear();
    for (std::uint32_t i = 0; i < 2; ++i) {
      CHECK(ends[i] == InputGate::Poll::Failed);
      CHECK(gates[i]->failure().what.find(address) != std::string::npos);
      CHECK(readers[i]->in_order());
    }
    partition->fail("the test is over");
    writer.join();
    gates.clear();
  }
}

TEST_CASE("a stream that was read to its end does not mind the loss of the link") {
  Node reading;
  Bell bell;
  auto writing = std::make_unique<Node>();
  writing->listen();
  const auto partition = writing->worker.add_partition(0, 1);
  write(*partition, 0, "a");
  partition->finish();
  const auto gate = reading.open_gate(*writing, 1, 0, bell);
  CHECK(await_read(*gate, bell) == "0:a");
  CHECK(await_read(*gate, bell) == "0:<end>");
  writing->io.stop();
  CHECK(read(*gate) == "finished");
}

TEST_CASE("workers that do not belong together have no link") {
  auto theirs = link_options();
  std::string reason;
  SUBCASE("another token") {
    theirs.identity->token.back() = std::byte{1};
    reason = "different tokens";
  }
  SUBCASE("another cluster") {
    theirs.identity->cluster = {8, 8};
    reason = "different clusters";
  }
  SUBCASE("another size of segments") {
    theirs.segment_bytes *= 2;
    reason = "taskmanager.memory.segment-size";
  }
  Node writing;
  Node reading(theirs);
  writing.listen();
  const auto partition = writing.worker.add_partition(0, 1);
  write(*partition, 0, "secret");
  Bell bell;
  const auto gate = reading.open_gate(writing, 1, 0, bell);
  CHECK(await_read(*gate, bell) == "failed");
  CAPTURE(gate->failure().what);
  CHECK(gate->failure().what.find(reason) != std::string::npos);
  CHECK(gate->failure().what.find(writing.address) != std::string::npos);
  CHECK(writing.server.counts().refused == 1);
  CHECK(partition->subpartition(0).backlog_buffers() == 1);
}

TEST_CASE("a worker that is not there yet is waited for") {
  auto options = link_options();
  options.reconnect = {.first = 1ms, .longest = 2ms, .deadline = 60s};
  Node reading(options);
  Node writing;
  Bell bell;
  {
    const SilentListener port;  // bound, and refusing
    writing.address = port.address();
  }
  const auto gate = reading.open_gate(writing, 1, 0, bell);
  const auto port =
      static_cast<std::uint16_t>(std::stoi(writing.address.substr(writing.address.rfind(':') + 1)));
  REQUIRE(writing.server.listen("127.0.0.1", port).has_value());
  write(*writing.worker.add_partition(0, 1), 0, "a");
  CHECK(await_read(*gate, bell) == "0:a");
}

TEST_CASE("whoever cannot be reached is given up by name, in time") {
  auto options = link_options();
  Node reading(options);
  Node nobody;
  Bell bell;
  SilentListener port;
  std::string reason;
  SUBCASE("nobody listens") {
    options.reconnect = {.first = 1ms, .longest = 2ms, .deadline = 10ms};
    nobody.address = port.address();
    reason = "refused";
  }
  SUBCASE("somebody listens and never says a word") {
    options.hello_timeout = 1ms;
    port.listen();
    nobody.address = port.address();
    reason = "did not say hello";
  }
  SUBCASE("no such host") {
    nobody.address = "no-such-host.invalid:1";
    reason = "not found";
  }
  SUBCASE("no address") {
    nobody.address = "here";
    reason = "host:port";
  }
  Node impatient(options);
  const auto gate = impatient.open_gate(nobody, 2, 0, bell);
  CHECK(await_read(*gate, bell) == "failed");
  CAPTURE(gate->failure().what);
  CHECK(gate->failure().what.find(reason) != std::string::npos);
  CHECK(gate->failure().what.find(nobody.address.substr(0, nobody.address.find(':'))) != std::string::npos);
}

TEST_CASE("a link that is left idle is closed, and opened again when it is wanted") {
  auto options = link_options();
  options.idle_timeout = 1ms;
  Node writing(options);
  Node reading(options);
  writing.listen();
  for (std::uint32_t i = 0; i < 3; ++i) {
    Bell bell;
    const auto partition = writing.worker.add_partition(0, 1);
    partition->finish();
    const auto gate = reading.open_gate(writing, 1, 0, bell);
    CHECK(await_read(*gate, bell) == "0:<end>");
    await([&] { return writing.server.counts().open == 0; });
  }
  CHECK(writing.server.counts().refused == 0);
}

TEST_CASE("nothing is left behind: no thread, no descriptor, no segment") {
  const Counts before;
  for (int round = 0; round < 5; ++round) {
    Node writing;
    Node reading;
    writing.listen();
    Bell bell;
    const auto partition = writing.worker.add_partition(0, 1);
    for (int i = 0; i < 20; ++i) write(*partition, 0, "a");
    const auto gate = reading.open_gate(writing, 1, 0, bell);
    CHECK(await_read(*gate, bell) == "0:a");
  }
  CHECK(Counts() == before);
}

TEST_CASE("a worker without exchange has neither socket nor thread") {
  const Counts before;
  const Node node;
  CHECK(Counts() == before);
}
