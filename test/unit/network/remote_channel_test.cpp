// SPDX-License-Identifier: Apache-2.0
#include "network/remote_channel.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <random>

#include "base/thread.h"
#include "test/unit/network/exchange.h"

using namespace weir;
using namespace weir::exchange;

namespace {

/// A link that writes down what it is asked.
struct FakeLink final : PartitionConnection {
  void add_credit(std::uint32_t buffers) override { credit.push_back(buffers); }
  void tell_starving() override { ++starving; }
  void close() override { ++closed; }
  std::vector<std::uint32_t> take_credit() { return std::exchange(credit, {}); }

  std::vector<std::uint32_t> credit;
  int starving = 0;
  int closed = 0;
};

struct FakeLinks final : ConnectionProvider {
  std::shared_ptr<PartitionConnection> open(const RemotePartition& wanted, std::uint32_t credit,
                                            std::shared_ptr<PartitionReceiver> receiver) override {
    asked = wanted;
    initial_credit = credit;
    this->receiver = std::move(receiver);
    return link;
  }
  std::optional<RemotePartition> asked;
  std::uint32_t initial_credit = 0;
  std::shared_ptr<PartitionReceiver> receiver;
  std::shared_ptr<FakeLink> link = std::make_shared<FakeLink>();
};

using Pool = std::shared_ptr<LocalBufferPool>;
using Credits = std::vector<std::uint32_t>;

/// One remote channel in a gate, with the far end of its link in the test's hands.
struct Fixture {
  explicit Fixture(std::uint32_t exclusive_segments = 2, std::uint32_t floating_segments = 4,
                   std::uint32_t segments = 32)
      : worker(segments) {
    auto exclusive = *worker.memory.create_pool(exclusive_segments, exclusive_segments);
    if (floating_segments > 0) floating = *worker.memory.create_pool(0, floating_segments);
    std::vector<std::unique_ptr<InputChannel>> channels;
    channels.push_back(std::make_unique<RemoteInputChannel>(
        links, RemotePartition{.address = "host:1", .partition = worker.id(0), .subpartition = 3},
        RemoteBuffers{std::move(exclusive), floating}));
    gate.emplace(std::move(channels), bell);
  }

  void open() { gate->request_partitions(); }
  PartitionReceiver& far_end() { return *links.receiver; }
  FakeLink& link() { return *links.link; }

  /// A buffer as the link brings it. False: it was not wanted.
  bool bring(const std::string& text, std::uint32_t backlog = 0) {
    auto begun = far_end().begin_buffer(sequence++, static_cast<std::uint32_t>(text.size()));
    REQUIRE(begun.has_value());
    if (!*begun) return false;
    std::memcpy((*begun)->begin(), text.data(), text.size());
    far_end().end_buffer(std::move(**begun), static_cast<std::uint32_t>(text.size()), backlog);
    return true;
  }
  void bring(const StreamEvent& event, std::uint32_t backlog = 0) {
    REQUIRE(far_end().on_event(sequence++, backlog, event).has_value());
  }
  Reads pause_and_read() {
    far_end().on_pause();
    return read_all(*gate);
  }

  Worker worker;
  Bell bell;
  FakeLinks links;
  Pool floating;
  std::optional<InputGate> gate;
  std::uint32_t sequence = 0;
};

}  // namespace

TEST_CASE("a remote channel asks once, with its own segments as credit") {
  Fixture f;
  CHECK_FALSE(f.links.asked);
  f.open();
  REQUIRE(f.links.asked);
  CHECK(f.links.asked->address == "host:1");
  CHECK(f.links.asked->partition == f.worker.id(0));
  CHECK(f.links.asked->subpartition == 3);
  CHECK(f.links.initial_credit == 2);
  CHECK(f.link().credit.empty());
}

TEST_CASE("what the link brought is read in order once it pauses") {
  Fixture f;
  f.open();
  CHECK(read_all(*f.gate) == Reads{"empty"});
  (void)f.bell.await_until(TimePoint{});
  f.bring("a");
  f.bring(barrier(4));
  CHECK_FALSE(f.bell.await_until(TimePoint{}));
  f.bring("b");
  f.far_end().on_pause();
  CHECK(f.bell.await_until(TimePoint{}));
  CHECK(read_all(*f.gate) == Reads{"0:a", "0:<barrier 4>", "0:b", "empty"});
  f.bring(kEnd);
  CHECK(f.pause_and_read() == Reads{"0:<end>", "finished"});
  CHECK(f.link().closed == 1);
}

TEST_CASE("credit comes back in batches of half the window") {
  Fixture f(8, 0);
  f.open();
  CHECK(f.links.initial_credit == 8);
  Credits announced;
  for (int i = 0; i < 32; ++i) {
    f.bring("x");
    CHECK(f.pause_and_read() == Reads{"0:x", "empty"});
    for (const auto credit : f.link().take_credit()) announced.push_back(credit);
  }
  CHECK(announced == Credits{4, 4, 4, 4, 4, 4, 4, 4});
}

TEST_CASE("a sender that would have to stop gets credit at once, a reader that is behind gets its peace") {
  Fixture f(4, 0);
  f.open();
  for (const auto* text : {"a", "b", "c", "d"}) f.bring(text);
  f.far_end().on_pause();
  CHECK(read(*f.gate) == "0:a");  // its segment is free, but three wait to be read
  CHECK(f.link().take_credit().empty());
  CHECK(read(*f.gate) == "0:b");
  CHECK(f.link().take_credit() == Credits{2});
  CHECK(read(*f.gate) == "0:c");
  CHECK(f.link().take_credit().empty());
  CHECK(read(*f.gate) == "0:d");
  CHECK(f.link().take_credit() == Credits{2});
}

TEST_CASE("floating segments are fetched for what waits at the sender, and left to others afterwards") {
  Fixture f(2, 4);
  f.open();
  CHECK(f.floating->available() == 4);
  f.bring("a", /*backlog=*/3);
  CHECK(f.floating->available() == 0);  // three for the backlog, and one for the segment just filled
  CHECK(f.link().take_credit() == Credits{4});
  f.bring("b", 2);
  f.bring("c", 1);
  f.bring("d", 0);
  CHECK(f.pause_and_read() == Reads{"0:a", "0:b", "0:c", "0:d", "empty"});
  CHECK(f.floating->available() == 4);  // its own two are back, and stand for the credit that is left
}

TEST_CASE("a channel waits for floating segments without being in anybody's way") {
  Fixture f(1, 2);
  auto taken = f.floating->try_request();
  auto also_taken = f.floating->try_request();
  f.open();
  f.bring("a", 9);
  CHECK(f.link().take_credit().empty());
  taken.reset();
  CHECK(f.link().take_credit() == Credits{1});
  CHECK(f.pause_and_read() == Reads{"0:a", "empty"});
  CHECK(f.link().take_credit() == Credits{1});
  also_taken.reset();
  CHECK(f.floating->available() == 0);
}

TEST_CASE("a channel whose own segments are still with others gets its credit later") {
  NetworkBufferPool memory(4, kMinSegmentBytes);
  FakeLinks links;
  Bell bell;
  auto busy = *memory.create_pool(0);
  std::vector<BufferBuilder> lent;
  while (auto builder = busy->try_request()) lent.push_back(std::move(*builder));
  {
    std::vector<std::unique_ptr<InputChannel>> channels;
    channels.push_back(std::make_unique<RemoteInputChannel>(
        links, RemotePartition{}, RemoteBuffers{*memory.create_pool(2, 2), nullptr}));
    InputGate gate(std::move(channels), bell);
    gate.request_partitions();
    CHECK(links.initial_credit == 0);
    lent.clear();
    std::uint32_t credit = 0;
    for (const auto announced : links.link->credit) credit += announced;
    CHECK(credit == 2);
  }
  links.receiver.reset();
}

TEST_CASE("events need no segment") {
  Fixture f(1, 0);
  f.open();
  f.bring("a");
  for (std::uint64_t id = 1; id <= 100; ++id) f.bring(barrier(id));
  CHECK(f.pause_and_read().size() == 102);
}

TEST_CASE("events that nobody reads are taken up to a bound, and further ones when some were read") {
  Fixture f(1, 0);
  f.open();
  f.bring("a");
  std::uint64_t id = 0;
  while (id < RemoteInbox::kMaxEvents - 1) f.bring(barrier(++id));
  SUBCASE("one too many") {
    f.bring(barrier(++id));
    CHECK_FALSE(f.far_end().on_event(f.sequence, 0, kEnd));
  }
  SUBCASE("all were read") {
    CHECK(f.pause_and_read().size() == id + 2);
    while (id < 3 * RemoteInbox::kMaxEvents / 2) f.bring(barrier(++id));
  }
}

TEST_CASE("whoever breaks the rules is told so, and nothing of it is read") {
  Fixture f(2, 0);
  f.open();
  SUBCASE("a number left out") { CHECK_FALSE(f.far_end().begin_buffer(1, 1)); }
  SUBCASE("a number twice") {
    f.bring("a");
    CHECK_FALSE(f.far_end().begin_buffer(0, 1));
    CHECK_FALSE(f.far_end().on_event(0, 0, kEnd));
    CHECK(f.pause_and_read() == Reads{"0:a", "empty"});
    return;
  }
  SUBCASE("more than there is credit for") {
    f.bring("a");
    f.bring("b");
    CHECK_FALSE(f.far_end().begin_buffer(2, 1));
    CHECK(f.pause_and_read() == Reads{"0:a", "0:b", "empty"});
    return;
  }
  SUBCASE("more than a segment") { CHECK_FALSE(f.far_end().begin_buffer(0, kMinSegmentBytes + 1)); }
  SUBCASE("something behind the end") {
    f.bring(kEnd);
    CHECK_FALSE(f.far_end().begin_buffer(1, 1));
    CHECK(f.pause_and_read() == Reads{"0:<end>", "finished"});
    return;
  }
  CHECK(f.pause_and_read() == Reads{"empty"});
}

TEST_CASE("a failed link fails the gate with its cause; one that fails behind the end does no harm") {
  Fixture f;
  f.open();
  f.bring("a");
  SUBCASE("in the middle") {
    f.far_end().on_failure({.code = ErrorCode::ConnectionLost, .what = "host:1 is gone"});
    CHECK(f.pause_and_read() == Reads{"failed"});
    CHECK(f.gate->failure().what == "host:1 is gone");
    CHECK(f.link().closed == 1);
    CHECK_FALSE(f.bring("b"));
  }
  SUBCASE("behind the end") {
    f.bring(kEnd);
    f.far_end().on_failure({.code = ErrorCode::ConnectionLost, .what = "host:1 is gone"});
    CHECK(f.pause_and_read() == Reads{"0:a", "0:<end>", "finished"});
  }
}

TEST_CASE("a released channel wants nothing any more and gives back what it had") {
  Fixture f;
  f.open();
  f.bring("a", 5);
  auto half_filled = f.far_end().begin_buffer(f.sequence++, 1);
  REQUIRE(half_filled.has_value());
  f.gate.reset();
  f.floating.reset();
  CHECK(f.link().closed == 1);
  CHECK_FALSE(f.bring("b"));
  f.far_end().end_buffer(std::move(**half_filled), 1, 0);
  f.far_end().on_pause();
  CHECK(f.worker.memory.available_segments() == f.worker.memory.total_segments());
}

TEST_CASE("a reader that has run dry says so once for what it was given") {
  Fixture f;
  f.open();
  CHECK(read_all(*f.gate) == Reads{"empty"});
  CHECK(f.link().starving == 0);  // nothing came yet: the sender knows
  f.bring("a");
  CHECK(f.pause_and_read() == Reads{"0:a", "empty"});
  CHECK(read_all(*f.gate) == Reads{"empty"});
  CHECK(f.link().starving == 1);
}

TEST_CASE("credit is neither lost nor made up while link and reader run against each other") {
  const auto seed = std::random_device{}();
  MESSAGE("seed " << seed);
  constexpr int kBuffers = 20'000;
  struct CountingLink final : PartitionConnection {
    void add_credit(std::uint32_t buffers) override {
      credit.fetch_add(buffers);
      more.ring();
    }
    void tell_starving() override {}
    void close() override {}
    std::atomic<std::uint32_t> credit = 0;
    Bell more;
  };
  struct Links final : ConnectionProvider {
    std::shared_ptr<PartitionConnection> open(const RemotePartition&, std::uint32_t credit,
                                              std::shared_ptr<PartitionReceiver> to) override {
      link->add_credit(credit);
      receiver = std::move(to);
      return link;
    }
    std::shared_ptr<CountingLink> link = std::make_shared<CountingLink>();
    std::shared_ptr<PartitionReceiver> receiver;
  } links;
  Worker worker(6);
  Bell bell;
  std::vector<std::unique_ptr<InputChannel>> channels;
  channels.push_back(std::make_unique<RemoteInputChannel>(
      links, RemotePartition{},
      RemoteBuffers{*worker.memory.create_pool(2, 2), *worker.memory.create_pool(0, 4)}));
  InputGate gate(std::move(channels), bell);
  gate.request_partitions();
  const Thread link("link", [&] {
    std::mt19937 random(seed);
    for (std::uint32_t i = 0; i < kBuffers; ++i) {
      while (links.link->credit.load() == 0) {
        links.receiver->on_pause();
        links.link->more.await();
      }
      links.link->credit.fetch_sub(1);
      auto segment = links.receiver->begin_buffer(i, sizeof i);
      WEIR_CHECK(segment && *segment, "it has credit");
      std::memcpy((*segment)->begin(), &i, sizeof i);
      links.receiver->end_buffer(std::move(**segment), sizeof i, random() % 8);
      if (random() % 4 == 0) links.receiver->on_pause();
    }
    WEIR_CHECK(links.receiver->on_event(kBuffers, 0, kEnd), "it is in order");
    links.receiver->on_pause();
  });
  std::uint32_t next = 0;
  BufferOrEvent got;
  for (auto answer = gate.poll(got); answer != InputGate::Poll::Finished; answer = gate.poll(got)) {
    REQUIRE(answer != InputGate::Poll::Failed);
    if (answer == InputGate::Poll::Empty) REQUIRE(bell.await_until(much_later()));
    if (got.buffer.empty()) continue;
    std::uint32_t number = 0;
    std::memcpy(&number, got.buffer.bytes().data(), sizeof number);
    REQUIRE(number == next++);
  }
  CHECK(next == kBuffers);
}
