// SPDX-License-Identifier: Apache-2.0
// The two ends of an iteration, by hand: what goes round, what a checkpoint holds of it, and when it ends.
#include "execution/operators/iteration.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "execution/operators/operator_snapshots.h"
#include "execution/task/feedback_channel.h"
#include "execution/task/round_aligner.h"
#include "test/support/temporary_directory.h"

using namespace weir;

namespace {

using Numbers = std::vector<std::int64_t>;

Feedback::Item numbers_item(std::size_t bytes, std::byte fill) {
  return {.records = std::vector<std::byte>(bytes + kSegmentSlackBytes, fill)};
}

TEST_CASE("rounds pass a task when they have come from all channels that have not ended") {
  RoundAligner aligner(3);
  CHECK(aligner.on_round(0, {7, 1, false}).empty());
  CHECK(aligner.on_round(2, {7, 1, true}).empty());
  CHECK(aligner.on_end(1) == std::vector<Round>{{7, 1, false}});
  CHECK(aligner.on_round(0, {7, 2, true}).empty());
  CHECK(aligner.on_round(0, {7, 3, true}).empty());  // ahead of the others
  CHECK(aligner.on_round(2, {7, 2, true}) == std::vector<Round>{{7, 2, true}});
  CHECK(aligner.on_round(2, {9, 1, true}).empty());  // of another iteration
  CHECK(aligner.on_end(0) == std::vector<Round>{{9, 1, true}});
  CHECK(aligner.on_end(2) == std::vector<Round>{{7, 3, true}});
}

TEST_CASE("what memory does not hold comes back from disk, in order") {
  const testing::TemporaryDirectory directory;
  FeedbackChannel channel({.memory_bytes = 1000, .directory = directory.path()});
  for (int i = 0; i < 20; ++i) {
    CHECK(channel.put(numbers_item(300, std::byte(i))) == Feedback::Reader::Reads);
    CHECK(channel.put({.kind = Feedback::Item::Kind::Barrier, .checkpoint = CheckpointId(i + 1)}) ==
          Feedback::Reader::Reads);
  }
  CHECK(channel.totals().bytes == 6000);
  CHECK(channel.totals().spilled_bytes == 5100);
  for (int i = 0; i < 20; ++i) {
    const auto records = channel.take();
    REQUIRE(records.has_value());
    CHECK(records->elements().size() == 300);
    CHECK(records->elements().back() == std::byte(i));
    const auto barrier = channel.take();
    REQUIRE(barrier.has_value());
    CHECK(barrier->checkpoint == CheckpointId(i + 1));
  }
  CHECK_FALSE(channel.take().has_value());
  CHECK(channel.put(numbers_item(1000, std::byte{1})) == Feedback::Reader::Reads);
  CHECK(channel.totals().spilled_bytes == 5100);  // there is room in memory again
}

TEST_CASE("both ends get the same channel, and the next attempt another") {
  FeedbackChannels channels({});
  const ExecutionAttemptId attempt{1, 2};
  const auto one = channels.join(attempt);
  CHECK(channels.join(attempt) == one);
  CHECK(channels.join({1, 3}) != one);
}

/// A beginning and an end in one thread: the test is the body.
class Ends final : private SourceLoop, private TaskMail, private Input<std::int64_t> {
public:
  explicit Ends(const std::vector<OperatorSnapshot>& from = {}) : SourceLoop(attention_) {
    head_context_.use_feedback(channel_);
    head_context_.use_mail(*this);
    end_context_.use_feedback(channel_);
    if (!from.empty()) head_context_.begin_restore(restored_state(from, 0, 1));
    head_.bind(head_context_);
    end_.bind(end_context_);
    head_.set_output(*this);
    head_.open(head_context_);
    if (!from.empty()) head_context_.end_restore();
    end_.open(end_context_);
  }

  /// What happens when the beginning has nothing to do, one call each; then its rounds come back.
  std::deque<std::function<void()>> script;
  Numbers sent;
  std::vector<Round> rounds;
  std::vector<OperatorSnapshot> snapshots;

  void run() { head_.run(*this); }
  void come_back(const Numbers& values) {
    for (const std::int64_t value : values) end_.process(value, EventTime::none());
    end_.on_idle();
  }
  void barrier_comes_back(CheckpointId checkpoint) { end_.snapshot(checkpoint); }
  void round_comes_back() { end_.on_round(rounds.back()); }
  void order(CheckpointId checkpoint, bool ends_source = false) {
    CHECK(head_.holds_snapshot(checkpoint, ends_source));
  }
  void abort(CheckpointId checkpoint) { head_.on_checkpoint_aborted(checkpoint); }

private:
  void process(const std::int64_t& value, EventTime) override { sent.push_back(value); }
  void take_letters() override {}
  void await_until(TimePoint) override {}
  void await_readable(int) override {}
  void send_round(const Round& round) override { rounds.push_back(round); }
  void begin_snapshot(CheckpointId checkpoint) override {
    head_.snapshot(checkpoint);
    SnapshotWriter writer;
    writer.begin(head_context_);
    snapshots.push_back(writer.end(head_context_));
  }
  void post(std::function<void()>) override {}
  bool await_answer(TimePoint) override {
    if (script.empty()) {
      REQUIRE(rounds.size() < 10);
      round_comes_back();
      return true;
    }
    const auto next = std::move(script.front());
    script.pop_front();
    next();
    return true;
  }

  std::atomic<std::uint32_t> attention_ = 0;
  std::shared_ptr<FeedbackChannel> channel_ = std::make_shared<FeedbackChannel>(FeedbackChannel::Options{});
  OperatorContext head_context_{{"head", 0, 1, 128}};
  OperatorContext end_context_{{"end", 0, 1, 128}};
  IterationHead<std::int64_t> head_{3};
  IterationEnd<std::int64_t> end_{3};
};

TEST_CASE("records go round until two rounds have passed without any") {
  Ends ends;
  ends.script = {[&] { ends.come_back({1, 2}); }, [&] { ends.round_comes_back(); },
                 [&] { ends.come_back({3}); }};
  ends.run();
  CHECK(ends.sent == Numbers{1, 2, 3});
  CHECK(ends.rounds == std::vector<Round>{{3, 1, false}, {3, 2, false}, {3, 3, false}, {3, 4, true}});
}

TEST_CASE("a checkpoint holds what comes back between its order and its barrier, and nothing else") {
  Ends ends;
  ends.script = {[&] { ends.come_back({1}); }, [&] { ends.order(5); },
                 [&] {
                   ends.come_back({2, 3});
                 },
                 [&] { ends.barrier_comes_back(5); }, [&] { ends.come_back({4}); }};
  ends.run();
  CHECK(ends.sent == Numbers{1, 2, 3, 4});
  REQUIRE(ends.snapshots.size() == 1);

  Ends after(ends.snapshots);
  after.run();
  CHECK(after.sent == Numbers{2, 3});
}

TEST_CASE("checkpoints that overlap hold each its own, and an older one that never comes is given up") {
  Ends ends;
  ends.script = {[&] { ends.order(5); }, [&] { ends.come_back({1}); }, [&] { ends.order(6); },
                 [&] { ends.come_back({2}); }, [&] { ends.order(7); },
                 [&] { ends.barrier_comes_back(5); }, [&] { ends.barrier_comes_back(7); },
                 [&] { ends.barrier_comes_back(6); }};
  ends.run();
  REQUIRE(ends.snapshots.size() == 2);
  for (const auto& [snapshot, held] :
       {std::pair{ends.snapshots[0], Numbers{1, 2}}, std::pair{ends.snapshots[1], Numbers{}}}) {
    Ends after({snapshot});
      after.run();
    CHECK(after.sent == held);
  }
}

TEST_CASE("behind a savepoint that ends the job nothing is sent; all of it is in the savepoint") {
  Ends ends;
  ends.script = {[&] { ends.order(5, true); }, [&] { ends.come_back({1, 2}); },
                 [&] { ends.round_comes_back(); }, [&] { ends.barrier_comes_back(5); }};
  ends.run();
  CHECK(ends.sent.empty());
  REQUIRE(ends.snapshots.size() == 1);
  Ends after(ends.snapshots);
  after.run();
  CHECK(after.sent == Numbers{1, 2});
  CHECK_NOTHROW(ends.come_back({3}));  // what operators emit at their end is emitted there again
}

TEST_CASE("when such a savepoint fails the records go on") {
  Ends ends;
  ends.script = {[&] { ends.order(5, true); }, [&] { ends.come_back({1, 2}); },
                 [&] { ends.round_comes_back(); }, [&] { ends.abort(5); }};
  ends.run();
  CHECK(ends.sent == Numbers{1, 2});
  CHECK(ends.snapshots.empty());
}

TEST_CASE("a record that comes to the end when the iteration has ended is an error") {
  Ends ends;
  ends.run();
  CHECK_THROWS_WITH_AS(ends.come_back({1}), doctest::Contains("an iteration that has ended"),
                       std::runtime_error);
}

}  // namespace
