// SPDX-License-Identifier: Apache-2.0
#include "network/subpartition.h"

#include <optional>

#include "test/unit/network/exchange.h"

using namespace weir;
using namespace weir::exchange;

namespace {

/// A reader that counts how often it was told.
struct Reader final : DataListener {
  void on_data(std::uint32_t channel) override {
    CHECK(channel == 5);
    ++told;
  }
  int told = 0;
};

/// A partition of one subpartition and its reader.
struct Fixture {
  void attach() { REQUIRE(queue.attach(reader, 5)); }
  std::string poll() {
    BufferOrEvent got;
    const auto polled = queue.poll(got);
    more = polled.more;
    backlog = polled.backlog_buffers;
    if (polled.kind == Polled::Kind::Empty) return "empty";
    if (polled.kind == Polled::Kind::Failed) return "failed";
    return describe(got);
  }

  Worker worker;
  Reader reader;  // outlives the queue
  Partition partition = worker.make_partition(0, 1);
  Subpartition& queue = partition->subpartition(0);
  bool more = false;
  std::uint32_t backlog = 0;
};

}  // namespace

TEST_CASE("segments and events come out in the order they were written") {
  Fixture f;
  f.attach();
  write(*f.partition, 0, "a");
  f.partition->broadcast(barrier(1));
  write(*f.partition, 0, "b");

  CHECK(f.poll() == "a");
  CHECK(f.more);
  CHECK(f.backlog == 1);
  CHECK(f.poll() == "<barrier 1>");
  CHECK(f.more);
  CHECK(f.poll() == "b");
  CHECK_FALSE(f.more);
  CHECK(f.backlog == 0);
  CHECK(f.poll() == "empty");
}

TEST_CASE("a reader is told once, when a queue that it knew empty becomes readable") {
  Fixture f;
  SUBCASE("attached before") {
    f.attach();
    CHECK(f.reader.told == 0);
    write(*f.partition, 0, "a");
    write(*f.partition, 0, "b");
  }
  SUBCASE("attached after") {
    write(*f.partition, 0, "a");
    write(*f.partition, 0, "b");
    f.attach();
  }
  CHECK(f.reader.told == 1);
  CHECK(f.poll() == "a");
  write(*f.partition, 0, "c");
  CHECK(f.reader.told == 1);  // it knows that there is more
  CHECK(f.poll() == "b");
  CHECK(f.poll() == "c");
  CHECK_FALSE(f.more);
  f.partition->broadcast(barrier(1));
  CHECK(f.reader.told == 2);
}

TEST_CASE("of a segment under the pen a reader sees what was flushed") {
  Fixture f;
  f.attach();
  f.queue.flush();  // of nothing
  CHECK(f.reader.told == 0);
  auto builder = begin_segment(*f.partition, 0, "abc");
  CHECK(f.reader.told == 0);
  CHECK(f.poll() == "empty");

  f.partition->flush(0);
  f.partition->flush(0);
  CHECK(f.reader.told == 1);
  CHECK(f.poll() == "abc");
  CHECK_FALSE(f.more);
  CHECK(f.backlog == 1);  // it is still in the queue

  f.partition->flush(0);  // nothing new was committed
  CHECK(f.reader.told == 1);

  SUBCASE("and the rest when it is finished") {
    std::memcpy(builder.begin() + 3, "de", 2);
    f.partition->finish_builder(0, std::move(builder), 5);
    CHECK(f.reader.told == 2);
    CHECK(f.poll() == "de");
  }
  SUBCASE("and nothing more if that was all") {
    f.partition->finish_builder(0, std::move(builder), 3);
    CHECK(f.poll() == "empty");
    CHECK(f.queue.backlog_buffers() == 0);
    f.partition->broadcast(kEnd);
    CHECK(f.poll() == "<end>");
  }
}

TEST_CASE("a reader that wants only events gets them, and learns that a buffer stands in their way") {
  Fixture f;
  f.attach();
  BufferOrEvent got;
  CHECK_FALSE(f.queue.poll(got, Wanted::EventsOnly).more);
  f.partition->broadcast(barrier(1));
  CHECK(f.queue.poll(got, Wanted::EventsOnly).kind == Polled::Kind::Data);
  CHECK(describe(got) == "<barrier 1>");

  auto builder = begin_segment(*f.partition, 0, "a");
  f.partition->flush(0);
  got = {};
  const auto blocked = f.queue.poll(got, Wanted::EventsOnly);
  CHECK(blocked.kind == Polled::Kind::Empty);
  CHECK(blocked.more);
  CHECK(f.poll() == "a");
  f.partition->finish_builder(0, std::move(builder), 1);  // nothing of it is left
  f.partition->finish();
  CHECK(f.queue.poll(got, Wanted::EventsOnly).kind == Polled::Kind::Data);
  CHECK(describe(got) == "<end>");
}

// Whoever may not take bytes takes nothing of a segment that may get some at any moment.
TEST_CASE(
    "a reader that wants only events leaves a flushed segment without bytes, and hears of the next flush") {
  Fixture f;
  f.attach();
  auto builder = begin_segment(*f.partition, 0, "");
  f.partition->flush(0);
  const int told = f.reader.told;
  BufferOrEvent got;
  const auto polled = f.queue.poll(got, Wanted::EventsOnly);
  CHECK(polled.kind == Polled::Kind::Empty);
  CHECK_FALSE(polled.more);
  CHECK(f.queue.backlog_buffers() == 1);

  std::memcpy(builder.begin(), "a", 1);
  builder.commit(1);
  f.partition->flush(0);
  CHECK(f.reader.told == told + 1);
  CHECK(f.queue.poll(got, Wanted::EventsOnly).more);
  CHECK(f.poll() == "a");
  f.partition->finish_builder(0, std::move(builder), 1);
}

TEST_CASE("a flush reaches through finished segments to the last one") {
  Fixture f;
  f.attach();
  write(*f.partition, 0, "a");
  const auto builder = begin_segment(*f.partition, 0, "b");
  f.partition->flush(0);
  CHECK(f.poll() == "a");
  CHECK(f.more);
  CHECK(f.poll() == "b");
  CHECK_FALSE(f.more);
}

TEST_CASE("a starving reader is noted once, until it is fed") {
  Fixture f;
  f.attach();
  CHECK(f.queue.mark_starving());
  CHECK_FALSE(f.queue.mark_starving());
  CHECK(f.queue.is_starving());

  write(*f.partition, 0, "a");
  CHECK_FALSE(f.queue.mark_starving());  // there is something to read
  CHECK(f.poll() == "a");
  CHECK_FALSE(f.queue.is_starving());
  CHECK(f.queue.mark_starving());
}

TEST_CASE("a stream is read once: a second reader is refused") {
  Fixture f;
  f.attach();
  Reader second;
  CHECK_FALSE(f.queue.attach(second, 5));
}

TEST_CASE("when the producer fails its reader gets the first cause instead of what was left") {
  Fixture f;
  f.attach();
  write(*f.partition, 0, "a");
  f.partition->fail("division by zero");
  f.partition->release();
  CHECK(f.reader.told == 1);
  CHECK(f.poll() == "failed");
  CHECK(f.queue.failure().code == ErrorCode::ProducerFailed);
  CHECK(f.queue.failure().what.find("failed: division by zero") != std::string::npos);
  CHECK_FALSE(f.partition->request_builder(0).has_value());
}

TEST_CASE("what a reader left behind goes home, and what is still written too") {
  Fixture f;
  f.attach();
  write(*f.partition, 0, "a");
  auto builder = begin_segment(*f.partition, 0, "b");
  f.partition->release_subpartition(0);
  CHECK(f.partition->is_consumed());
  f.partition->finish_builder(0, std::move(builder), 1);
  write(*f.partition, 0, "c");
  CHECK(f.reader.told == 1);
  CHECK(f.queue.backlog_buffers() == 0);
}
