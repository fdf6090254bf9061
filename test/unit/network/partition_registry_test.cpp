// SPDX-License-Identifier: Apache-2.0
#include "network/partition_registry.h"

#include "test/unit/network/exchange.h"

using namespace weir;
using namespace weir::exchange;

TEST_CASE("a reader that asks before the writer has registered gets the partition when it comes") {
  Worker worker;
  Bell bell;
  const auto gate = worker.open_gate(1, 0, bell);
  CHECK(read(*gate) == "empty");
  CHECK_FALSE(bell.await_until(TimePoint{}));

  const auto partition = worker.make_partition(0, 1);
  write(*partition, 0, "early");
  worker.registry.add(partition);
  CHECK(bell.await_until(TimePoint{}));
  CHECK(read(*gate) == "0:early");
}

TEST_CASE("a partition that never comes is not found, ten seconds after the first tick that saw the wish") {
  Worker worker;
  Bell bell;
  const auto gate = worker.open_gate(1, 0, bell);
  const TimePoint t0{};
  worker.registry.on_tick(t0);
  worker.registry.on_tick(t0 + 9s);
  CHECK(read(*gate) == "empty");
  CHECK_FALSE(bell.await_until(TimePoint{}));

  worker.registry.on_tick(t0 + 10s);
  CHECK(bell.await_until(TimePoint{}));
  CHECK(read(*gate) == "failed");
  CHECK(gate->failure().code == ErrorCode::PartitionNotFound);
  CHECK(gate->failure().retry == Retry::Later);
}

TEST_CASE("a reader that has left is neither answered nor missed") {
  Worker worker;
  Bell bell;
  auto gate = worker.open_gate(2, 0, bell);
  worker.add_partition(0, 1);  // the answer is there, but was never looked at
  gate.reset();
  CHECK(worker.registry.partition_count() == 0);  // everybody who could read it is gone
  CHECK(bell.await_until(TimePoint{}));
  worker.add_partition(1, 1);
  worker.registry.on_tick(TimePoint{});
  CHECK_FALSE(bell.await_until(TimePoint{}));
}

TEST_CASE("a partition leaves the registry when every reader is done with it") {
  Worker worker;
  Bell bell;
  const auto partition = worker.add_partition(0, 2);
  partition->finish();
  const auto first = worker.open_gate(1, 0, bell);
  CHECK(read_all(*first) == Reads{"0:<end>", "finished"});
  CHECK(worker.registry.partition_count() == 1);
  const auto second = worker.open_gate(1, 1, bell);
  CHECK(read_all(*second) == Reads{"0:<end>", "finished"});
  CHECK(worker.registry.partition_count() == 0);
}

TEST_CASE("releasing an attempt drops all that it wrote, and nothing of others") {
  Worker worker;
  Bell bell;
  write(*worker.add_partition(0, 1), 0, "a");
  write(*worker.add_partition(1, 1), 0, "b");
  const auto gate = worker.open_gate(1, 0, bell);
  worker.registry.release_all_of(worker.id(0).producer);
  CHECK(worker.registry.partition_count() == 1);
  CHECK(read(*gate) == "failed");
  CHECK(gate->failure().code == ErrorCode::Closed);
}

TEST_CASE("a closed registry refuses whoever waits and whoever comes") {
  Worker worker;
  Bell bell;
  const auto waits = worker.open_gate(1, 0, bell);
  worker.registry.close();
  CHECK(bell.await_until(TimePoint{}));
  CHECK(read(*waits) == "failed");
  CHECK(waits->failure().code == ErrorCode::Closed);

  const auto comes = worker.open_gate(1, 0, bell);
  CHECK(read(*comes) == "failed");
  const auto partition = worker.add_partition(0, 1);
  CHECK_FALSE(partition->request_builder(0).has_value());
}

TEST_CASE("a subpartition that does not exist, or was read before, is refused by name") {
  Worker worker;
  Bell bell;
  const auto partition = worker.add_partition(0, 2);
  const auto beyond = worker.open_gate(1, 2, bell);
  CHECK(read(*beyond) == "failed");
  CHECK(beyond->failure().code == ErrorCode::PartitionNotFound);

  const auto first = worker.open_gate(1, 0, bell);
  CHECK(read(*first) == "empty");
  const auto second = worker.open_gate(1, 0, bell);
  CHECK(read(*second) == "failed");
}
