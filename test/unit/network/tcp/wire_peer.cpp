// SPDX-License-Identifier: Apache-2.0
// A worker in a process of its own, for tests that kill or freeze it.
//
//   wire_peer write [quietly]   prints its address and writes for ever; quietly: one segment, then nothing
//   wire_peer read ADDRESS      reads what another writes for ever; prints "reading" at the first segment
#include "test/unit/network/tcp/wire_peer.h"

#include <cstdint>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bell.h"
#include "memory/network_buffer_pool.h"
#include "network/input_gate.h"
#include "network/partition_registry.h"
#include "network/remote_channel.h"
#include "network/result_partition.h"
#include "network/tcp/data_client.h"
#include "network/tcp/data_server.h"

using namespace weir;

namespace {

struct Node {
  NetworkBufferPool memory{64, kMinSegmentBytes};
  PartitionRegistry registry;
  IoLoop io{"peer-io"};
  DataServer server{io, registry, wire_peer::link_options()};
  DataClient client{io, wire_peer::link_options()};
};

[[noreturn]] void wait_for_ever() {
  Bell bell;
  for (;;) bell.await();
}

void write_for_ever(bool quietly) {
  Node node;
  const auto partition =
      std::make_shared<ResultPartition>(wire_peer::partition(), 1, *node.memory.create_pool(1, 16));
  node.registry.add(partition);
  std::cout << *node.server.listen("127.0.0.1", 0) << std::endl;
  for (;;) {
    auto builder = partition->request_builder(0);
    partition->finish_builder(0, std::move(*builder), kMinSegmentBytes);
    if (quietly) wait_for_ever();
  }
}

void read_for_ever(const std::string& address) {
  Node node;
  Bell bell;
  std::vector<std::unique_ptr<InputChannel>> channels;
  channels.push_back(std::make_unique<RemoteInputChannel>(
      node.client,
      RemotePartition{.address = address, .partition = wire_peer::partition(), .subpartition = 0},
      RemoteBuffers{*node.memory.create_pool(2, 2), *node.memory.create_pool(0, 8)}));
  InputGate gate(std::move(channels), bell);
  gate.request_partitions();
  BufferOrEvent got;
  for (bool is_first = true;;) {
    const auto answer = gate.poll(got);
    if (answer == InputGate::Poll::Empty) bell.await();
    else if (answer != InputGate::Poll::Data) return;
    else if (std::exchange(is_first, false)) std::cout << "reading" << std::endl;
  }
}

}  // namespace

int main(int count, char** words) {
  const std::vector<std::string> arguments(words + 1, words + count);
  if (!arguments.empty() && arguments[0] == "write") write_for_ever(/*quietly=*/arguments.size() > 1);
  else if (arguments.size() == 2 && arguments[0] == "read") read_for_ever(arguments[1]);
  return 1;
}
