// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/thread.h"
#include "test/unit/network/numbers.h"
#include "test/unit/network/tcp/nodes.h"

namespace weir::exchange {

struct Shape {
  std::uint32_t producers;
  std::uint32_t consumers;
  std::uint32_t segments_a_producer;
  std::uint32_t floating_segments;
};

/// Every consumer reads its subpartition of every producer, which write in the other worker.
inline void exchange_all(const LinkOptions& options, const Shape& shape, std::uint64_t numbers,
                         unsigned seed) {
  Node writing(options);
  Node reading(options);
  writing.listen();
  std::vector<Bell> bells(shape.consumers);
  std::vector<std::unique_ptr<InputGate>> gates;
  std::vector<std::unique_ptr<NumberReader>> readers;
  std::vector<InputGate::Poll> ends(shape.consumers);
  {
    std::vector<Thread> threads;
    for (std::uint32_t i = 0; i < shape.consumers; ++i) {
      gates.push_back(reading.open_gate(writing, shape.producers, i, bells[i], shape.floating_segments));
      readers.push_back(std::make_unique<NumberReader>(*gates.back(), bells[i], seed + i));
      threads.emplace_back("reader", [&ends, i, reader = readers.back().get()] { ends[i] = reader->run(); });
    }
    for (std::uint32_t i = 0; i < shape.producers; ++i) {
      auto partition = writing.worker.add_partition(i, shape.consumers, shape.segments_a_producer);
      threads.emplace_back("writer", [partition, numbers, own_seed = seed + 100 + i] {
        CHECK(NumberWriter(partition, numbers, own_seed).run());
      });
    }
  }
  for (std::uint32_t i = 0; i < shape.consumers; ++i) {
    CHECK(ends[i] == InputGate::Poll::Finished);
    CHECK(readers[i]->in_order());
    CHECK(readers[i]->total() == shape.producers * numbers);
  }
  CHECK(writing.worker.registry.partition_count() == 0);
  CHECK(writing.server.counts().open == 1);
}

}  // namespace weir::exchange
