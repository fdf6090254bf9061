// SPDX-License-Identifier: Apache-2.0
// Whole exchanges between threads: what must hold whatever the interleaving.
#include <atomic>
#include <random>

#include "base/thread.h"
#include "test/support/linger.h"
#include "test/unit/network/exchange.h"
#include "test/unit/network/numbers.h"

using namespace weir;
using namespace weir::exchange;

namespace {

struct Shape {
  std::uint32_t producers;
  std::uint32_t consumers;
  std::uint32_t segments_a_producer;
};

}  // namespace

TEST_CASE("every number arrives once and in order, between any number of tasks and however short of memory") {
  const auto seed = std::random_device{}();
  MESSAGE("seed " << seed);
  constexpr std::uint64_t kNumbers = 200'000;
  for (const Shape shape :
       {Shape{1, 1, 1}, Shape{1, 1, 2}, Shape{1, 1, 16}, Shape{2, 2, 2}, Shape{3, 2, 5}}) {
    CAPTURE(shape.producers);
    CAPTURE(shape.consumers);
    CAPTURE(shape.segments_a_producer);
    Worker worker(shape.producers * shape.segments_a_producer);
    std::vector<Bell> bells(shape.consumers);
    std::vector<std::unique_ptr<InputGate>> gates;
    std::vector<std::unique_ptr<NumberReader>> readers;
    std::vector<InputGate::Poll> ends(shape.consumers);
    {
      std::vector<Thread> threads;
      for (std::uint32_t i = 0; i < shape.consumers; ++i) {
        gates.push_back(worker.open_gate(shape.producers, i, bells[i]));  // asks before the writers are there
        readers.push_back(std::make_unique<NumberReader>(*gates.back(), bells[i], seed + i));
        threads.emplace_back("reader",
                             [&ends, i, reader = readers.back().get()] { ends[i] = reader->run(); });
      }
      for (std::uint32_t i = 0; i < shape.producers; ++i) {
        auto partition = worker.add_partition(i, shape.consumers, shape.segments_a_producer);
        threads.emplace_back("writer", [partition, own_seed = seed + 100 + i] {
          CHECK(NumberWriter(partition, kNumbers, own_seed).run());
        });
      }
    }
    for (std::uint32_t i = 0; i < shape.consumers; ++i) {
      CHECK(ends[i] == InputGate::Poll::Finished);
      CHECK(readers[i]->in_order());
      CHECK(readers[i]->total() == shape.producers * kNumbers);
    }
    CHECK(worker.registry.partition_count() == 0);
  }
}

TEST_CASE("a writer that waits for memory is woken when it is cancelled") {
  Worker worker(4);
  const auto partition = worker.add_partition(0, 1);
  std::atomic<bool> finished = true;
  Thread writer("writer", [&] { finished = NumberWriter(partition, 1'000'000, 1).run(); });  // nobody reads
  SUBCASE("by failing its partition") { partition->fail("cancelled"); }
  SUBCASE("by releasing it") { partition->release(); }
  SUBCASE("by releasing what its attempt wrote") { worker.registry.release_all_of(worker.id(0).producer); }
  SUBCASE("by closing the registry") { worker.registry.close(); }
  writer.join();
  CHECK_FALSE(finished);
}

TEST_CASE("a reader that waits for data is woken when it is cancelled, or its producer fails") {
  Worker worker;
  Bell bell;
  const auto partition = worker.add_partition(0, 1);
  const auto gate = worker.open_gate(1, 0, bell);
  NumberReader reader(*gate, bell, 1);
  auto end = InputGate::Poll::Empty;
  Thread thread("reader", [&] { end = reader.run(); });
  SUBCASE("cancelled") { gate->close(); }
  SUBCASE("producer failed") { partition->fail("boom"); }
  thread.join();
  CHECK(end == InputGate::Poll::Failed);
}

TEST_CASE("whichever end is torn down while both are running, nothing hangs and no segment is lost") {
  const auto seed = std::random_device{}();
  MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 100; ++round) {
    CAPTURE(round);
    Worker worker(4);
    Bell bell;
    // With a second subpartition, which nobody reads, the writer comes to wait for memory.
    const auto partition = worker.add_partition(0, 2 - round % 2);
    auto gate = worker.open_gate(1, 0, bell);
    Bell started;
    Thread reader("reader", [&] {
      started.ring();
      (void)NumberReader(*gate, bell, seed).run();
    });
    Thread writer("writer", [partition, seed] { (void)NumberWriter(partition, 20'000, seed).run(); });
    started.await();
    testing::linger(random);
    switch (round % 4) {
      case 0: partition->fail("boom"); break;
      case 1: worker.registry.release_all_of(worker.id(0).producer); break;
      case 2: worker.registry.close(); break;
      default: gate->close(); break;
    }
    reader.join();
    gate.reset();  // though the writer may just be telling it something
    writer.join();
  }
}
