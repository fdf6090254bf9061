// SPDX-License-Identifier: Apache-2.0
// Records from a RecordWriter through real partitions to an InputProcessor.
#include "execution/task/record_writer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/thread.h"
#include "execution/operators/channel_selectors.h"
#include "execution/operators/operator.h"
#include "execution/task/input_processor.h"
#include "test/support/operator_ends.h"
#include "test/support/random_value.h"
#include "test/unit/network/exchange.h"

using namespace weir;
using weir::testing::Gathered;
using weir::testing::Random;

namespace {

using Texts = std::vector<std::string>;
using Step = InputProcessor::Step;

constexpr std::size_t kSegmentBytes = exchange::Worker::kSegmentBytes;

/// A task that writes texts, seen from inside.
struct WritingTask {
  explicit WritingTask(exchange::Partition partition,
                       std::chrono::milliseconds timeout = kDefaultBufferTimeout)
      : writer(partition, timeout, mailbox, metrics) {}

  void write(const std::string& text, std::uint32_t channel = 0) {
    detail::write_record(writer, channel, text, EventTime::none());
  }

  static constexpr std::chrono::milliseconds kDefaultBufferTimeout{100};
  Bell bell;
  Mailbox mailbox{bell};
  TaskMetrics metrics;
  RecordWriter writer;
};

/// A task that reads texts, seen from inside.
struct ReadingTask {
  ReadingTask(exchange::Worker& worker, std::uint32_t producers, std::uint32_t subpartition)
      : gate(worker.open_gate(0, 0, bell)) {
    std::vector<std::unique_ptr<InputChannel>> channels;
    for (std::uint32_t i = 0; i < producers; ++i) {
      channels.push_back(std::make_unique<LocalInputChannel>(worker.registry, worker.id(i), subpartition));
    }
    gate = std::make_unique<InputGate>(std::move(channels), bell);
    input.add(*gate, std::make_unique<RecordReader<std::string, Gathered<std::string>>>(head), head);
  }

  /// What can be read now.
  Texts read_available() {
    for (Step step = Step::Progressed; step != Step::Idle && step != Step::Finished;) {
      step = input.step(attention);
    }
    return std::exchange(head.values, {});
  }
  /// Everything up to the end.
  Texts read_all() {
    for (Step step = Step::Progressed; step != Step::Finished; step = input.step(attention)) {
      if (step == Step::Idle) bell.await();
    }
    return std::exchange(head.values, {});
  }

  Bell bell;
  std::unique_ptr<InputGate> gate;
  Gathered<std::string> head;
  std::atomic<std::uint32_t> attention = 0;
  InputProcessor input;
};

/// Texts of which most fit into a segment, some just so, and some not.
Texts random_texts(Random& random, int count) {
  Texts texts;
  for (; count > 0; --count) {
    switch (random() % 40) {
      case 0: texts.emplace_back(kSegmentBytes - 20 + random() % 40, 'a'); break;
      case 1: texts.emplace_back(random() % (4 * kSegmentBytes), 'b'); break;
      case 2: texts.emplace_back(random() % kSegmentBytes, 'c'); break;
      default: texts.push_back(testing::random_text(random)); break;
    }
  }
  return texts;
}

}  // namespace

TEST_CASE("records arrive whole and in order, whatever their lengths and the borders of segments") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  Random random(seed);
  exchange::Worker worker;
  const Texts texts = random_texts(random, 3000);
  {
    const auto partition = worker.add_partition(0, 1);
    Thread writer("writer", [partition, &texts] {
      WritingTask task(partition);
      for (const std::string& text : texts) task.write(text);
      task.writer.finish();
      CHECK(task.writer.record_count() == texts.size());
    });
    ReadingTask reader(worker, 1, 0);
    CHECK(reader.read_all() == texts);
    CHECK(reader.input.record_count() == texts.size());
  }
}

TEST_CASE("every length around a segment's arrives, as the first record of a segment and as a later one") {
  exchange::Worker worker;
  for (const std::string& before : {std::string(), std::string("before")}) {
    for (std::size_t length = kSegmentBytes - 30; length <= kSegmentBytes + 10; ++length) {
      CAPTURE(length);
      const auto partition = worker.add_partition(0, 1);
      ReadingTask reader(worker, 1, 0);
      WritingTask task(partition);
      Texts texts;
      if (!before.empty()) texts.push_back(before);
      texts.insert(texts.end(), {std::string(length, 'x'), "behind"});
      for (const std::string& text : texts) task.write(text);
      task.writer.finish();
      REQUIRE(reader.read_all() == texts);
    }
  }
}

TEST_CASE("several writers and readers: each record arrives once, and those of a channel in order") {
  constexpr std::uint32_t kWriters = 3;
  constexpr std::uint32_t kReaders = 2;
  constexpr int kRecords = 20'000;
  exchange::Worker worker;
  {
    std::vector<Thread> threads;
    for (std::uint32_t id = 0; id < kWriters; ++id) {
      threads.emplace_back("writer", [partition = worker.add_partition(id, kReaders, 4), id] {
        WritingTask task(partition);
        RecordOutput<std::string, RoundRobin> output(task.writer, RoundRobin(kReaders));
        for (int i = 0; i < kRecords; ++i) {
          output.process(std::to_string(id) + ":" + std::to_string(100'000 + i), EventTime::none());
        }
        task.writer.finish();
      });
    }
    Texts got[kReaders];
    for (std::uint32_t id = 0; id < kReaders; ++id) {
      threads.emplace_back("reader",
                           [&worker, &got, id] { got[id] = ReadingTask(worker, kWriters, id).read_all(); });
    }
    for (Thread& thread : threads) thread.join();

    for (std::uint32_t reader = 0; reader < kReaders; ++reader) {
      std::stable_sort(got[reader].begin(), got[reader].end(), [](auto& a, auto& b) { return a[0] < b[0]; });
      Texts expected;
      for (std::uint32_t id = 0; id < kWriters; ++id) {
        for (auto i = static_cast<int>(reader); i < kRecords; i += kReaders) {
          expected.push_back(std::to_string(id) + ":" + std::to_string(100'000 + i));
        }
      }
      CHECK(got[reader] == expected);
    }
  }
}

TEST_CASE("what is written is read when its segment is full, or when it is flushed") {
  exchange::Worker worker;
  const auto partition = worker.add_partition(0, 1);
  ReadingTask reader(worker, 1, 0);
  WritingTask task(partition);
  task.write("a");
  CHECK(reader.read_available().empty());
  task.writer.flush_all();
  CHECK(reader.read_available() == Texts{"a"});
  task.writer.flush_all();  // nothing new: nothing to read
  CHECK(reader.read_available().empty());
  task.write("b");
  task.write("c");
  task.writer.flush_all();
  CHECK(reader.read_available() == Texts{"b", "c"});
  task.writer.finish();
  CHECK(reader.read_all().empty());
}

TEST_CASE("with a buffer timeout of zero each record can be read at once") {
  exchange::Worker worker;
  const auto partition = worker.add_partition(0, 2);
  ReadingTask first(worker, 1, 0);
  ReadingTask second(worker, 1, 1);
  WritingTask task(partition, std::chrono::milliseconds(0));
  for (int i = 0; i < 100; ++i) {
    const std::string text(static_cast<std::size_t>(i) * 61,
                           'x');  // some in the middle of segments, some large
    task.write(text, 0);
    REQUIRE(first.read_available() == Texts{text});
    task.write(text, 1);
    REQUIRE(second.read_available() == Texts{text});
  }
}

TEST_CASE("a reader that runs dry in the midst of a segment gets what there is when the writer looks up") {
  exchange::Worker worker;
  const auto partition = worker.add_partition(0, 1);
  ReadingTask reader(worker, 1, 0);
  WritingTask task(partition);
  task.write("a");
  task.writer.flush_all();
  CHECK(reader.read_available() == Texts{"a"});  // and it is told that there is no more: it starves
  CHECK((task.mailbox.attention() & Mailbox::kReaderStarved) != 0);
  task.write("b");
  task.writer.serve_starved_readers();
  CHECK(reader.read_available() == Texts{"b"});
}

TEST_CASE("a reader that starved before the segment was begun is served after a few records") {
  exchange::Worker worker;
  const auto partition = worker.add_partition(0, 1);
  ReadingTask reader(worker, 1, 0);
  WritingTask task(partition);
  CHECK(reader.read_available().empty());  // from now on it starves

  std::size_t written = 0;
  Texts got;
  for (; got.empty() && written < 100; ++written) {
    task.write("a");
    got = reader.read_available();
  }
  CHECK(written < 100);
  CHECK(got.size() <= written);
}

TEST_CASE("a record that fits is written in place though its reader starves") {
  exchange::Worker worker;
  const auto partition = worker.add_partition(0, 1);
  ReadingTask reader(worker, 1, 0);
  CHECK(reader.read_available().empty());  // from now on it starves
  WritingTask task(partition);
  const Texts texts(5, std::string(500, 'x'));
  for (const std::string& text : texts) task.write(text);
  task.writer.finish();
  CHECK(reader.read_all() == texts);
  CHECK(task.metrics.bytes_out.value() ==
        texts.size() * (1 + 2 + 500));  // a large element would have a header more
}

TEST_CASE(
    "a writer that waits for memory ends as cancelled when its partition is taken away, each time it tries") {
  exchange::Worker worker;
  const auto partition = worker.add_partition(0, 1, 2);
  WritingTask task(partition);
  Thread canceller;
  const auto write_for_ever = [&] {
    while (true) task.write("text");
  };
  canceller = Thread("canceller", [partition] {
    while (partition->subpartition(0).backlog_buffers() < 2) continue;
    partition->fail("enough");
  });
  CHECK_THROWS_AS(write_for_ever(), TaskCancelled);
  // A user's catch (...) may have eaten it.
  for (int i = 0; i < 3; ++i) CHECK_THROWS_AS(write_for_ever(), TaskCancelled);
  worker.registry.release_all_of(partition->id().producer);
}

TEST_CASE("a record beyond all measure is refused by its writer") {
  exchange::Worker worker;
  const auto partition = worker.add_partition(0, 1);
  WritingTask task(partition);
  const std::byte one{};
  const std::span<const std::byte> endless(&one, kMaxElementBytes + 1);
  CHECK_THROWS_AS(task.writer.write_large(0, endless), std::length_error);
  worker.registry.release_all_of(partition->id().producer);
}

TEST_CASE("a producer's failure reaches its reader with the cause") {
  exchange::Worker worker;
  const auto partition = worker.add_partition(0, 1);
  ReadingTask reader(worker, 1, 0);
  partition->fail("it is broken");
  try {
    (void)reader.read_all();
    FAIL("it read to the end");
  } catch (const std::runtime_error& error) {
    CHECK(std::string(error.what()).find("it is broken") != std::string::npos);
  }
  worker.registry.release_all_of(partition->id().producer);
}
