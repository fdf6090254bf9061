// SPDX-License-Identifier: Apache-2.0
// Partitions that are written as a whole before anyone reads them.
#include <fcntl.h>

#include <filesystem>
#include <fstream>
#include <span>
#include <string>

#include "network/spill_file.h"
#include "test/support/temporary_directory.h"
#include "test/unit/network/exchange.h"

namespace weir::exchange {
namespace {

struct Blocking {
  explicit Blocking(std::uint32_t subpartitions = 1) {
    auto pool = worker.memory.create_pool(subpartitions, subpartitions);
    auto file = SpillFile::make(directory.path(""));
    REQUIRE(file);
    partition = std::make_shared<ResultPartition>(worker.id(0), subpartitions, *pool, *std::move(file));
    worker.registry.add(partition);
  }
  /// What is left to read of a subpartition, parted by spaces.
  std::string read(std::uint32_t subpartition) {
    Bell bell;
    const auto gate = worker.open_gate(1, subpartition, bell);
    std::string text;
    for (BufferOrEvent next;;) {
      switch (gate->poll(next)) {
        case InputGate::Poll::Data:
          if (!next.event) text += std::string(text.empty() ? "" : " ") + text_of(next.buffer);
          break;
        case InputGate::Poll::Finished: return text;
        case InputGate::Poll::Empty: return text + " ...";
        case InputGate::Poll::Failed: return text + " " + gate->failure().what;
      }
    }
  }
  static std::string text_of(const Buffer& buffer) {
    return {reinterpret_cast<const char*>(buffer.bytes().data()), buffer.size()};
  }

  testing::TemporaryDirectory directory;
  Worker worker;
  Partition partition;
};

}  // namespace

TEST_CASE_FIXTURE(Blocking, "nothing is read before all is written, and then all of it") {
  Bell bell;
  const auto gate = worker.open_gate(1, 0, bell);
  BufferOrEvent next;
  write(*partition, 0, "one");
  partition->flush(0);
  CHECK(gate->poll(next) == InputGate::Poll::Empty);
  write(*partition, 0, "two");
  partition->finish();
  bell.await();
  CHECK(gate->poll(next) == InputGate::Poll::Data);
  CHECK(text_of(next.buffer) == "one");
  CHECK(gate->poll(next) == InputGate::Poll::Data);
  CHECK(text_of(next.buffer) == "two");
  CHECK(gate->poll(next) == InputGate::Poll::Data);
  CHECK(next.event == kEnd);
  CHECK(gate->poll(next) == InputGate::Poll::Finished);
  CHECK(worker.registry.partition_count() == 0);
}

TEST_CASE("more than all memory goes through one segment a subpartition") {
  Blocking f(3);
  std::string expected[3];
  for (int i = 0; i < 1000; ++i) {
    const auto channel = static_cast<std::uint32_t>(i % 3);
    write(*f.partition, channel, std::to_string(i));
    expected[channel] += (expected[channel].empty() ? "" : " ") + std::to_string(i);
  }
  f.partition->finish();
  CHECK(f.worker.memory.available_segments() == f.worker.memory.total_segments());
  for (const std::uint32_t channel : {2u, 0u, 1u}) CHECK(f.read(channel) == expected[channel]);
}

TEST_CASE_FIXTURE(Blocking, "who wrote nothing has an end") {
  partition->finish();
  CHECK(read(0).empty());
}

TEST_CASE_FIXTURE(Blocking, "barriers have no place in it") {
  write(*partition, 0, "one");
  partition->broadcast(barrier(1));
  write(*partition, 0, "two");
  partition->finish();
  CHECK(read(0) == "one two");
}

TEST_CASE_FIXTURE(Blocking, "its file has no name, so that nothing can be left behind") {
  write(*partition, 0, "one");
  CHECK(std::filesystem::is_empty(directory.path("")));
}

TEST_CASE_FIXTURE(Blocking, "a released partition fails its reader and closes its file") {
  write(*partition, 0, "one");
  partition->finish();
  worker.registry.release_all();
  const std::weak_ptr<ResultPartition> gone = std::exchange(partition, nullptr);
  CHECK(gone.expired());
}

TEST_CASE("a buffer that was read outlives its partition") {
  BufferOrEvent next;
  {
    Blocking f;
    write(*f.partition, 0, "one");
    f.partition->finish();
    Bell bell;
    const auto gate = f.worker.open_gate(1, 0, bell);
    CHECK(gate->poll(next) == InputGate::Poll::Data);
  }
  CHECK(Blocking::text_of(next.buffer) == "one");
}

TEST_CASE("a directory that cannot be is reported with its name") {
  const auto file = SpillFile::make("/proc/nothing/here");
  REQUIRE_FALSE(file);
  CHECK(file.error().what.find("/proc/nothing/here") != std::string::npos);
}

TEST_CASE("a disk that is full is reported, and the writer gets no more segments") {
  NetworkBufferPool memory(4, kMinSegmentBytes);
  auto file = std::make_unique<SpillFile>("/dev/full", ::open("/dev/full", O_RDWR));
  ResultPartition partition({}, 1, *memory.create_pool(1, 1), std::move(file));
  CHECK(partition.write_failure() == nullptr);
  write(partition, 0, "one");
  REQUIRE(partition.write_failure() != nullptr);
  CHECK(partition.write_failure()->what.find("No space left on device") != std::string::npos);
  CHECK_FALSE(partition.request_builder(0));
}

TEST_CASE("bytes that were changed on disk are not read") {
  const testing::TemporaryDirectory directory;
  const std::string path = directory.file("exchange", "");
  SpillFile file("here", ::open(path.c_str(), O_RDWR));
  const std::string text = "three words here";
  const auto extent = file.append(std::as_bytes(std::span(text)));
  REQUIRE(extent);
  REQUIRE(file.read(*extent));
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    changed[at] ^= 1;
    std::ofstream(path, std::ios::binary) << changed;
    const auto read = file.read(*extent);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::Corrupt);
    CHECK(read.error().what == "the temporary file in here was changed on disk");
  }
}

TEST_CASE("a partition says once that there is something to read") {
  Worker worker;
  const auto partition = worker.add_partition(0, 1);
  int told = 0;
  partition->when_consumable([&] { ++told; });
  SUBCASE("as a segment is full") { write(*partition, 0, "one"); }
  SUBCASE("as it is flushed") {
    auto builder = begin_segment(*partition, 0, "one");
    CHECK(told == 0);
    partition->flush(0);
    partition->finish_builder(0, std::move(builder), 3);
  }
  CHECK(told == 1);
  write(*partition, 0, "two");
  CHECK(told == 1);
  partition->release();
}

TEST_CASE("a channel whose producer has no place yet is silent until it has one") {
  Worker worker;
  const auto partition = worker.add_partition(0, 1);
  write(*partition, 0, "one");
  partition->finish();
  Bell bell;
  std::vector<std::unique_ptr<InputChannel>> channels;
  channels.push_back(std::make_unique<UnknownInputChannel>());
  InputGate gate(std::move(channels), bell);
  BufferOrEvent next;
  const auto place = [&] { return std::make_unique<LocalInputChannel>(worker.registry, worker.id(0), 0); };
  SUBCASE("told before it reads") {
    gate.replace(0, place());
    gate.request_partitions();
  }
  SUBCASE("told while it reads") {
    gate.request_partitions();
    CHECK(gate.poll(next) == InputGate::Poll::Empty);
    gate.replace(0, place());
  }
  SUBCASE("told twice") {
    gate.request_partitions();
    gate.replace(0, place());
    gate.replace(0, place());
  }
  CHECK(gate.poll(next) == InputGate::Poll::Data);
  CHECK(Blocking::text_of(next.buffer) == "one");
  CHECK(gate.poll(next) == InputGate::Poll::Data);
  CHECK(gate.poll(next) == InputGate::Poll::Finished);
}

}  // namespace weir::exchange
