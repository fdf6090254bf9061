// SPDX-License-Identifier: Apache-2.0
#include "network/input_gate.h"

#include "test/unit/network/exchange.h"

using namespace weir;
using namespace weir::exchange;

namespace {

/// A writing task that counts how often it was asked to flush.
struct Writer final : FlushListener {
  void on_reader_starved() override { ++asked; }
  int asked = 0;
};

}  // namespace

TEST_CASE("channels are read in turn, so that none starves") {
  Worker worker;
  Bell bell;
  const auto busy = worker.add_partition(0, 1);
  const auto calm = worker.add_partition(1, 1);
  for (const auto* text : {"a", "b", "c", "d"}) write(*busy, 0, text);
  const auto gate = worker.open_gate(2, 0, bell);
  write(*calm, 0, "x");
  write(*calm, 0, "y");
  CHECK(read_all(*gate) == Reads{"0:a", "1:x", "0:b", "1:y", "0:c", "0:d", "empty"});
}

TEST_CASE("the gate is finished when every channel has delivered its end, events included") {
  Worker worker;
  Bell bell;
  const auto first = worker.add_partition(0, 1);
  const auto second = worker.add_partition(1, 1);
  const auto gate = worker.open_gate(2, 0, bell);
  write(*first, 0, "a");
  first->broadcast(barrier(3));
  first->finish();
  CHECK(read_all(*gate) == Reads{"0:a", "0:<barrier 3>", "0:<end>", "empty"});
  second->finish();
  CHECK(read_all(*gate) == Reads{"1:<end>", "finished"});
  CHECK(read(*gate) == "finished");
}

TEST_CASE("a gate without channels is finished from the start") {
  Worker worker;
  Bell bell;
  CHECK(read(*worker.open_gate(0, 0, bell)) == "finished");
}

TEST_CASE("the bell rings when something comes after nothing, not for each thing") {
  Worker worker;
  Bell bell;
  const auto partition = worker.add_partition(0, 1);
  const auto gate = worker.open_gate(1, 0, bell);
  CHECK(read_all(*gate) == Reads{"empty"});
  (void)bell.await_until(TimePoint{});

  write(*partition, 0, "a");
  CHECK(bell.await_until(TimePoint{}));
  write(*partition, 0, "b");
  CHECK_FALSE(bell.await_until(TimePoint{}));
  CHECK(read_all(*gate) == Reads{"0:a", "0:b", "empty"});
  write(*partition, 0, "c");
  CHECK(bell.await_until(TimePoint{}));
}

TEST_CASE("a task with nothing to read asks its producers once to hand over what they have begun") {
  Worker worker;
  Bell bell;
  Writer writer;
  const auto partition = worker.add_partition(0, 1);
  partition->set_listener(&writer);
  const auto gate = worker.open_gate(1, 0, bell);
  write(*partition, 0, "a");
  CHECK(read(*gate) == "0:a");
  CHECK(writer.asked == 0);

  CHECK(read(*gate) == "empty");
  CHECK(read(*gate) == "empty");
  CHECK(writer.asked == 1);
  CHECK(partition->subpartition(0).is_starving());

  const auto builder = begin_segment(*partition, 0, "half");
  partition->flush(0);
  CHECK(read(*gate) == "0:half");
  CHECK_FALSE(partition->subpartition(0).is_starving());
  CHECK(read(*gate) == "empty");
  CHECK(writer.asked == 2);

  partition->set_listener(nullptr);
}

TEST_CASE("a producer that has not been asked before its partition came is asked afterwards") {
  Worker worker;
  Bell bell;
  Writer writer;
  const auto gate = worker.open_gate(1, 0, bell);
  CHECK(read(*gate) == "empty");
  const auto partition = worker.make_partition(0, 1);
  partition->set_listener(&writer);
  worker.registry.add(partition);
  CHECK(read(*gate) == "empty");
  CHECK(writer.asked == 1);
  partition->set_listener(nullptr);
}

TEST_CASE("a failed producer fails the gate for good, with its cause, and lets go of all channels") {
  Worker worker;
  Bell bell;
  const auto good = worker.add_partition(0, 1);
  const auto bad = worker.add_partition(1, 1);
  const auto gate = worker.open_gate(2, 0, bell);
  CHECK(read(*gate) == "empty");
  (void)bell.await_until(TimePoint{});
  bad->fail("disk full");
  CHECK(bell.await_until(TimePoint{}));
  write(*good, 0, "a");
  CHECK(read(*gate) == "failed");
  CHECK(read(*gate) == "failed");
  CHECK(gate->failure().code == ErrorCode::ProducerFailed);
  CHECK(gate->failure().what.find("disk full") != std::string::npos);
  CHECK(good->is_consumed());
}

TEST_CASE("closing rings the bell and fails the gate") {
  Worker worker;
  Bell bell;
  const auto partition = worker.add_partition(0, 1);
  const auto gate = worker.open_gate(1, 0, bell);
  write(*partition, 0, "a");
  CHECK(read(*gate) == "0:a");
  (void)bell.await_until(TimePoint{});
  gate->close();
  CHECK(bell.await_until(TimePoint{}));
  CHECK(read(*gate) == "failed");
  CHECK(gate->failure().code == ErrorCode::Closed);
}

TEST_CASE("asking again drops what the last answer held, so that a waiting writer gets its segment") {
  Worker worker(2);
  Bell bell;
  const auto partition = worker.add_partition(0, 1);
  const auto gate = worker.open_gate(1, 0, bell);
  write(*partition, 0, "a");
  write(*partition, 0, "b");
  BufferOrEvent got;
  REQUIRE(gate->poll(got) == InputGate::Poll::Data);
  REQUIRE(gate->poll(got) == InputGate::Poll::Data);
  REQUIRE(gate->poll(got) == InputGate::Poll::Empty);
  CHECK(got.buffer.empty());
  write(*partition, 0, "c");
  write(*partition, 0, "d");
  CHECK(read_all(*gate) == Reads{"0:c", "0:d", "empty"});
}
